import { type Connection, type Frame, type House, membersOf, Params, parseJson } from '@listenpost/core';
import type { End } from '@listenpost/protocol';
import {
  type Answer,
  type EdgeSocket,
  type Hearing,
  HearingBefore,
  type Intermediary,
  SocketBefore,
  type Visit,
} from '../edge/intermediary.ts';
import { isNoAnswer } from '../edge/rest-response.ts';
import { kindOfFrame, type Subject, subjectOfConnection, subjectOfFrame, subjectOfVisit } from '../edge/subject.ts';
import type { FaultDeed } from '../faults/fault-board.ts';
import type { Entry } from './entry.ts';
import { explainCall, explainRest, type SignatureExplanation } from './explain-signature.ts';
import { parsed, textOf } from './printed-entry.ts';
import type { RequestJournal } from './request-journal.ts';
import type { SignatureMistakes } from './signature-mistakes.ts';

export interface RecorderDoors {
  readonly house: () => House;
  readonly journal: RequestJournal;
  readonly mistakes: SignatureMistakes;
  /** A client made a signature mistake for the first time: one line for who runs the emulator. */
  mistaken(account: string, where: string, explanation: SignatureExplanation): void;
}

const INVALID_SIGNATURE = -1022;

/** Requests of one connection whose answer is awaited here. One whose answer a fault swallows would wait for ever. */
const UNANSWERED_MAX = 1024;

/** At the wire, before everything else: what it writes down is what was there. */
export class Recorder implements Intermediary {
  readonly #doors: RecorderDoors;
  /** Handshakes under way, until their connection is known. */
  readonly #handshakes = new WeakMap<Visit, Entry>();

  constructor(doors: RecorderDoors) {
    this.#doors = doors;
  }

  get house(): House {
    return this.#doors.house();
  }

  get journal(): RequestJournal {
    return this.#doors.journal;
  }

  visit(visit: Visit, serve: () => Answer | Promise<Answer>): Answer | Promise<Answer> {
    const entry = this.#arrived(visit);
    // Read beside the one who serves it: a body can be read once.
    const body = hasBody(visit.request) ? visit.request.clone().text() : Promise.resolve('');
    const answer = serve();
    if (!(answer instanceof Promise)) return this.#answered(entry, visit, body, answer);
    return answer.then((settled) => this.#answered(entry, visit, body, settled));
  }

  hearing(connection: Connection, visit: Visit, inner: Hearing): Hearing {
    const entry = this.#handshakes.get(visit);
    if (entry !== undefined) this.journal.complete(entry, { connection: connection.id });
    return new RecordedHearing(this, connection, visit.path, inner);
  }

  /** What a fault did stands beside what was there. */
  tell({ fault, did, subject, frame }: FaultDeed): void {
    const { id, row } = fault;
    const { accounts, products, connection, streams } = subject;
    this.journal.add({
      kind: 'fault',
      from: 'server',
      account: accounts[0] ?? fault.spec.account,
      product: products[0] ?? fault.spec.product,
      connection,
      streams,
      fault: { id, name: row.name, did },
      ...(frame === undefined ? {} : { frame }),
    });
  }

  explain(entry: Entry, explanation: SignatureExplanation | undefined): void {
    if (explanation === undefined) return;
    this.journal.complete(entry, { explanation });
    const where = [entry.method, entry.path].filter((part) => part !== undefined).join(' ');
    const account = entry.account ?? '';
    if (this.#doors.mistakes.add(account, where, explanation, entry.at)) {
      this.#doors.mistaken(account, where, explanation);
    }
  }

  #arrived(visit: Visit): Entry {
    const { request, path, query } = visit;
    const { accounts, products, streams } = subjectOfVisit(this.house, visit);
    const isHandshake = request.headers.get('upgrade')?.toLowerCase() === 'websocket';
    const entry = this.journal.add({
      kind: isHandshake ? 'handshake' : 'request',
      from: 'client',
      account: accounts[0],
      product: products[0],
      connection: undefined,
      streams,
      method: request.method,
      path,
      query,
    });
    if (isHandshake) this.#handshakes.set(visit, entry);
    return entry;
  }

  #answered(entry: Entry, visit: Visit, body: Promise<string>, answer: Answer): Answer {
    if (answer === undefined) this.journal.complete(entry, { status: 101 });
    else if (!isNoAnswer(answer)) this.#complete(entry, visit, body, answer.status, answer.clone().text());
    return answer;
  }

  /** The answer goes its way meanwhile. */
  #complete(entry: Entry, visit: Visit, body: Promise<string>, status: number, text: Promise<string>): void {
    Promise.all([body, text])
      .then(([sent, answer]) => {
        const code = codeIn(answer);
        this.journal.complete(entry, { status, answer, code, body: sent });
        const apiKey = visit.request.headers.get('x-mbx-apikey');
        if (code !== INVALID_SIGNATURE || apiKey === null) return;
        const { path, query, request } = visit;
        this.explain(entry, explainRest(this.house, { method: request.method, path, query, body: sent, apiKey }));
      })
      .catch((cause: unknown) => this.house.report(cause));
  }
}

const hasBody = ({ method, headers }: Request): boolean =>
  method !== 'GET' &&
  method !== 'HEAD' &&
  (headers.has('transfer-encoding') || (headers.get('content-length') ?? '0') !== '0');

function codeIn(answer: string): number | undefined {
  const message = parsed(answer);
  const error = (message?.['error'] ?? message) as { readonly code?: unknown } | undefined;
  return typeof error?.code === 'number' ? error.code : undefined;
}

interface Asked {
  readonly entry: Entry;
  readonly id: string | undefined;
  readonly text: string;
}

class RecordedHearing extends HearingBefore {
  readonly #recorder: Recorder;
  readonly #connection: Connection;
  readonly #path: string;
  #asked: Asked[] = [];
  /** Whose it was: what a connection reads is no longer known once it has let go of it. */
  #account: string | undefined;
  #closed = false;

  constructor(recorder: Recorder, connection: Connection, path: string, inner: Hearing) {
    super(inner);
    this.#recorder = recorder;
    this.#connection = connection;
    this.#path = path;
  }

  opened(socket: EdgeSocket): void {
    this.inner.opened(new RecordedSocket(socket, this));
  }

  override message(text: string): void {
    const request = requestIn(text);
    const entry = this.#add('message', 'client', subjectOfConnection(this.#connection), {
      method: request?.method,
      frame: text,
    });
    const account = this.#accountOf(request?.params);
    if (account !== undefined) entry.account = account;
    this.#asked.push({ entry, id: request?.id, text });
    if (this.#asked.length > UNANSWERED_MAX) this.#asked.shift();
    this.inner.message(text);
  }

  override pinged(): void {
    this.#add('ping', 'client', subjectOfConnection(this.#connection));
    this.inner.pinged();
  }

  override ponged(payload: string): void {
    this.#add('pong', 'client', subjectOfConnection(this.#connection));
    this.inner.ponged(payload);
  }

  override closed(code: number, reason: string): void {
    if (!this.#closed) this.close('client', code, reason);
    this.inner.closed(code, reason);
  }

  /** 1006: there was no close frame. */
  close(from: 'client' | 'server', code: number, reason: string): void {
    this.#closed = true;
    this.#add('close', from, subjectOfConnection(this.#connection), { code, reason });
  }

  pingSent(): void {
    this.#add('ping', 'server', subjectOfConnection(this.#connection));
  }

  sent(frame: Frame): void {
    const { house } = this.#recorder;
    const asked = kindOfFrame(this.#connection.info(), frame) === 'answer' ? this.#askedFor(frame) : undefined;
    if (asked === undefined) this.#add('push', 'server', subjectOfFrame(house, this.#connection, frame), { frame });
    else this.#answered(asked, frame);
  }

  #answered({ entry, text }: Asked, frame: Frame): void {
    const { journal, house } = this.#recorder;
    const shown = textOf(frame);
    const { status } = parsed(shown) ?? {};
    const code = codeIn(shown);
    journal.complete(entry, {
      answer: frame,
      code,
      status: typeof status === 'number' ? status : undefined,
      account: entry.account ?? subjectOfConnection(this.#connection).accounts[0],
    });
    const request = code === INVALID_SIGNATURE ? requestIn(text) : undefined;
    const apiKey = request?.params.text('apiKey');
    if (request === undefined || apiKey === undefined) return;
    const { params, method } = request;
    const values = new Map([...params.names()].map((name) => [name, params.sent(name) ?? '']));
    this.#recorder.explain(entry, explainCall(house, { id: request.id, method, params: values, apiKey }));
  }

  /** By its id; an answer to what could not be read has none, and comes in its turn. */
  #askedFor(frame: Frame): Asked | undefined {
    const id = String(parsed(textOf(frame))?.['id'] ?? '');
    const at = this.#asked.findIndex((asked) => asked.id === id);
    return this.#asked.splice(Math.max(at, 0), 1)[0];
  }

  #accountOf(params: Params | undefined): string | undefined {
    const apiKey = params?.text('apiKey');
    return apiKey === undefined ? undefined : this.#recorder.house.accounts.apiKey(apiKey)?.account.id;
  }

  #add(
    kind: Entry['kind'],
    from: Entry['from'],
    { accounts, products, connection, streams }: Subject,
    more: Partial<Pick<Entry, 'method' | 'frame' | 'code' | 'reason'>> = {},
  ): Entry {
    const [product] = products;
    this.#account = accounts[0] ?? this.#account;
    const account = accounts.length > 1 ? undefined : this.#account;
    return this.#recorder.journal.add({ kind, from, account, product, connection, streams, path: this.#path, ...more });
  }
}

class RecordedSocket extends SocketBefore {
  readonly #hearing: RecordedHearing;

  constructor(inner: EdgeSocket, hearing: RecordedHearing) {
    super(inner);
    this.#hearing = hearing;
  }

  send(frame: Frame): boolean {
    const taken = this.inner.send(frame);
    if (taken) this.#hearing.sent(frame);
    return taken;
  }

  override ping(payload: string): void {
    this.#hearing.pingSent();
    this.inner.ping(payload);
  }

  override close(end: End): void {
    this.#hearing.close('server', end.code, end.reason);
    this.inner.close(end);
  }

  override terminate(): void {
    this.#hearing.close('server', NO_CLOSE_FRAME, '');
    this.inner.terminate();
  }
}

const NO_CLOSE_FRAME = 1006;

/** A client's frame, where it is a request. */
function requestIn(text: string) {
  try {
    const members = membersOf(parseJson(text));
    if (members === undefined || typeof members['method'] !== 'string') return undefined;
    const params = Params.ofJson(membersOf(members['params']) ?? {});
    return { id: String(members['id'] ?? ''), method: members['method'].replace(/^v\d+\//, ''), params };
  } catch {
    return undefined;
  }
}
