import { signal } from '@preact/signals';
import { ApiError, callForResponse } from '../api.ts';
import { type JournalEvent, journalEvent, type Place, parsedJson } from './journal-event.ts';

export interface TailFilter {
  readonly account: string;
  readonly scope: string;
  readonly type: string;
  readonly text: string;
}

/** The latest events that are kept; those before them are in the journal. */
export const EVENTS_KEPT = 1000;

const REDRAW_MS = 100;
const RETRY_MS = 1000;
const RETRY_MS_MAX = 15_000;

export type TailState = 'connecting' | 'live' | 'broken';

interface TailLine extends Place {
  readonly event: unknown;
  readonly end?: { readonly name: string; readonly reason: string };
}

/** Reads the live tail for as long as it is not stopped, anew where it ends. */
export class TailReader {
  readonly state = signal<TailState>('connecting');
  /** Why it is broken. */
  readonly fault = signal('');
  /** Newest first. */
  readonly events = signal<readonly JournalEvent[]>([]);
  /** All that came, kept or not. */
  readonly count = signal(0);
  readonly #query: string;
  readonly #stopped = new AbortController();
  #arrived: JournalEvent[] = [];
  #redraw: ReturnType<typeof setTimeout> | undefined;

  constructor(filter: TailFilter) {
    const given = Object.entries(filter).filter(([, value]) => value.trim() !== '');
    this.#query = new URLSearchParams(given.map(([name, value]) => [name, value.trim()])).toString();
    this.#run().catch(reportError);
  }

  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#redraw);
  }

  clear(): void {
    this.#arrived = [];
    this.events.value = [];
    this.count.value = 0;
  }

  async #run(): Promise<void> {
    let waitMs = RETRY_MS;
    while (!this.#stopped.signal.aborted) {
      try {
        await this.#read(() => {
          waitMs = RETRY_MS;
        });
      } catch (cause) {
        if (this.#stopped.signal.aborted) return;
        this.fault.value = cause instanceof Error ? cause.message : String(cause);
      }
      this.state.value = 'broken';
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      waitMs = Math.min(waitMs * 2, RETRY_MS_MAX);
    }
  }

  /** Until the answer ends. Throws why. */
  async #read(onOpen: () => void): Promise<void> {
    const { signal: stopped } = this.#stopped;
    const response = await callForResponse('GET', `/tail?${this.#query}`, { signal: stopped });
    this.state.value = 'live';
    onOpen();
    const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new ApiError(0, 'the server ended the tail');
      const lines = (rest + value).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') this.#take(parsedJson(line) as TailLine);
    }
  }

  #take({ end, event, ...place }: TailLine): void {
    if (end !== undefined) throw new ApiError(0, end.reason);
    this.#arrived.push(journalEvent(place, event));
    // A storm is drawn ten times a second, and what would be gone from the list again is never drawn.
    if (this.#arrived.length > 2 * EVENTS_KEPT) this.#show();
    this.#redraw ??= setTimeout(() => this.#show(), REDRAW_MS);
  }

  #show(): void {
    clearTimeout(this.#redraw);
    this.#redraw = undefined;
    const arrived = this.#arrived;
    this.#arrived = [];
    this.count.value += arrived.length;
    this.events.value = [...arrived.reverse(), ...this.events.value].slice(0, EVENTS_KEPT);
  }
}
