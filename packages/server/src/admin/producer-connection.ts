import type { House } from '@listenpost/core';
import type { End } from '@listenpost/protocol';
import { refusalOf } from './answer.ts';
import { type Accepted, acceptedBody, type Intake, type Retry } from './intake.ts';
import { errorBody } from './refusal.ts';

/** What a producer's socket must be able to do; the edge fills it. */
export interface ProducerSocket {
  /** False when its outbox has passed its bound. */
  send(text: string): boolean;
  close(end: End): void;
}

/** Every way the server ends a producer's connection. 1013 asks it to come back and send again what has no answer. */
export const PRODUCER_ENDS = {
  /** More than `IN_FLIGHT_BYTES_MAX` wait for their answer. */
  tooMuchInFlight: { code: 1013, reason: 'too many bytes without an answer' },
  /** The journal refused a counted message: what follows it must not be stored before it. */
  journalFault: { code: 1013, reason: 'journal fault, send again from the first message without an accepted answer' },
  /** The producer does not read its answers. */
  answersUnread: { code: 1008, reason: 'answers are not read' },
  shutdown: { code: 1001, reason: 'server shutdown' },
  internalError: { code: 1011, reason: 'internal error' },
} as const satisfies Record<string, End>;

/**
 * Flow control. The runtime cannot stop reading one WebSocket, so a producer that runs ahead of the disk is bounded here:
 * in the bytes (ASCII; other text counts by characters) of its messages that have no answer yet. Four of the largest messages, some 100,000 events; a producer
 * that keeps less than this unanswered is never cut. The handshake's answer names the bound in `Listenpost-In-Flight-Bytes`.
 */
export const IN_FLIGHT_BYTES_MAX = 64 * 1024 * 1024;

/** What a message without text costs, so that empty ones are bounded too: its place in the row and its answer. */
const MESSAGE_BYTES = 256;

interface Slot {
  readonly bytes: number;
  /** Undefined while it waits. */
  answer: string | undefined;
}

/**
 * One producer on `GET /admin/v1/ingest`. Each text message is NDJSON; the answers come in the order of the messages,
 * each once its lines are durable. No message waits for the one before it.
 */
export class ProducerConnection {
  readonly #house: House;
  readonly #intake: Intake;
  readonly #retry: Retry;
  readonly #release: (connection: ProducerConnection) => void;
  /** In the order of the messages; the first is the next to be answered. */
  #slots: Slot[] = [];
  #inFlightBytes = 0;
  #socket: ProducerSocket | undefined;
  #ending: End | undefined;

  constructor(house: House, intake: Intake, retry: Retry, release: (connection: ProducerConnection) => void) {
    this.#house = house;
    this.#intake = intake;
    this.#retry = retry;
    this.#release = release;
  }

  opened(socket: ProducerSocket): void {
    this.#socket = socket;
  }

  message(text: string): void {
    if (this.#ending !== undefined) return;
    const slot = this.#slot(text.length + MESSAGE_BYTES);
    if (this.#inFlightBytes > IN_FLIGHT_BYTES_MAX) return this.#cut(PRODUCER_ENDS.tooMuchInFlight);
    try {
      this.#intake.publishLines(text, this.#retry).then(
        (accepted) => this.#accepted(slot, accepted),
        (cause: unknown) => this.#refused(slot, cause),
      );
    } catch (cause) {
      this.#refused(slot, cause);
    }
  }

  binary(): void {
    if (this.#ending !== undefined) return;
    const slot = this.#slot(MESSAGE_BYTES);
    this.#answer(slot, errorBody('expected a text message of NDJSON lines, not a binary one'));
  }

  closed(): void {
    this.#socket = undefined;
    this.#ending ??= PRODUCER_ENDS.shutdown;
    this.#slots = [];
    this.#release(this);
  }

  /** Takes no more messages, answers those it has, then closes. */
  shutDown(): void {
    this.#endAfterAnswers(PRODUCER_ENDS.shutdown);
  }

  #slot(bytes: number): Slot {
    const slot: Slot = { bytes, answer: undefined };
    this.#slots.push(slot);
    this.#inFlightBytes += bytes;
    return slot;
  }

  #accepted(slot: Slot, accepted: Accepted): void {
    this.#answer(slot, acceptedBody(accepted));
  }

  #refused(slot: Slot, cause: unknown): void {
    const refusal = refusalOf(cause);
    if (refusal === undefined) {
      this.#house.report(cause);
      return this.#cut(PRODUCER_ENDS.internalError);
    }
    // A counted message that the journal refused will be sent again. Were a later one stored before that, the producer's
    // mark would have passed it and it would be taken for a repetition: so nothing after it is read.
    const ends = refusal.status === 503 && this.#retry.kind === 'producer';
    if (ends) this.#ending ??= PRODUCER_ENDS.journalFault;
    this.#answer(slot, errorBody(refusal.message, refusal.line));
  }

  #answer(slot: Slot, answer: string): void {
    slot.answer = answer;
    let sent = 0;
    for (const { bytes, answer: ready } of this.#slots) {
      if (ready === undefined) break;
      if (this.#socket?.send(ready) === false) return this.#cut(PRODUCER_ENDS.answersUnread);
      this.#inFlightBytes -= bytes;
      sent++;
    }
    if (sent > 0) this.#slots.splice(0, sent);
    if (this.#ending !== undefined) this.#endAfterAnswers(this.#ending);
  }

  #endAfterAnswers(end: End): void {
    this.#ending ??= end;
    if (this.#slots.length === 0) this.#socket?.close(this.#ending);
  }

  /** Ends at once; what had no answer gets none, and the producer knows by that. */
  #cut(end: End): void {
    this.#ending ??= end;
    this.#slots = [];
    this.#socket?.close(end);
  }
}
