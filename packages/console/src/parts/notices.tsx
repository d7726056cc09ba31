import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { ApiError } from '../api.ts';

interface Notice {
  readonly id: number;
  readonly kind: 'done' | 'failed';
  readonly text: string;
}

const NOTICES_MAX = 4;
/** A failure stays until it is closed: it says what to do. */
const DONE_MS = 5000;

const notices = signal<readonly Notice[]>([]);
let nextId = 1;

export function say(text: string): void {
  const id = add('done', text);
  setTimeout(() => close(id), DONE_MS);
}

export const complain = (cause: unknown): number =>
  add('failed', cause instanceof Error ? cause.message : String(cause));

/** Does what a button asks for; what the API refuses is told, and the rest is a fault of ours that the browser reports. */
export function attempt(act: () => Promise<unknown>): void {
  act().catch((cause: unknown) => {
    if (cause instanceof ApiError) complain(cause);
    else reportError(cause);
  });
}

export function copy(text: string, what: string): void {
  navigator.clipboard.writeText(text).then(
    () => say(`${what} is on the clipboard.`),
    () => complain(`${what} could not be copied: the browser gives no access to the clipboard`),
  );
}

function add(kind: Notice['kind'], text: string): number {
  const id = nextId++;
  notices.value = [...notices.value, { id, kind, text }].slice(-NOTICES_MAX);
  return id;
}

function close(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

export function Notices({ children }: { readonly children: ComponentChildren }) {
  return (
    <div class="notices" role="log" aria-live="polite" aria-label="Notices">
      {children}
      {notices.value.map(({ id, kind, text }) => (
        <div key={id} class={`notice notice-${kind}`} role={kind === 'failed' ? 'alert' : undefined}>
          <span>{text}</span>
          <button type="button" class="plain" aria-label="Close the notice" onClick={() => close(id)}>
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}
