/** Where what is watched is shown: to eyes on a terminal, to eyes in a file, or to a program. */
import {
  type ClientProduct,
  type EventMeta,
  type Gap,
  metaOf,
  printExact,
  type StreamItem,
  type StreamStatus,
  type WireEvent,
} from '@listenpost/client';
import { eventLine, gapLine, remarkLine } from './event-line.ts';
import { fitted, painted, type Span } from './spans.ts';
import { statusLine, VERDICT_TONES } from './status-line.ts';

export interface View {
  /** Resolves when it is written, so that a slow reader slows the stream and fills no memory. */
  item(item: StreamItem<ClientProduct, never>): Promise<void>;
  /** The verdict or its reason is another than before, or a handover begins or ends. */
  status(status: StreamStatus): void;
  /** Time has passed: what counts down has moved. */
  tick(status: StreamStatus): void;
  end(): void;
}

/** What a view writes to: stdout. */
export interface Output {
  /** Of a terminal. */
  readonly columns?: number | undefined;
  write(text: string, written?: (error?: Error | null) => void): boolean;
}

export interface ViewOptions {
  readonly output: Output;
  readonly product: string;
  /** What is counted down: `listenKey` or `listenToken`. */
  readonly grant: string;
  readonly colour: boolean;
  now(): number;
}

/** The SDK's own words have no place in a stream, so that an event of the venue's that is called `gap` too is told apart. */
const isGap = (item: object): item is Gap => metaOf(item) === undefined;

function write(output: Output, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** One JSON object a line: `{"scope","position","receivedAt","event"}`, `{"scope","receivedAt","gap"}`, `{"receivedAt","status"}`. */
export class JsonView implements View {
  readonly #options: Pick<ViewOptions, 'output' | 'now'>;

  constructor(options: Pick<ViewOptions, 'output' | 'now'>) {
    this.#options = options;
  }

  item(item: StreamItem<ClientProduct, never>): Promise<void> {
    if (isGap(item)) {
      const { e: _, scope, ...gap } = item;
      return this.#line({ scope, receivedAt: this.#options.now(), gap });
    }
    const { scope, position = null, receivedAt } = metaOf(item) as EventMeta;
    return this.#line({ scope, position, receivedAt, event: item });
  }

  status(status: StreamStatus): void {
    this.#options.output.write(`${printExact({ receivedAt: this.#options.now(), status })}\n`);
  }

  tick(): void {}

  end(): void {}

  #line(value: object): Promise<void> {
    return write(this.#options.output, `${printExact(value)}\n`);
  }
}

/** Lines for eyes, in a file or behind a pager; how the stream is becomes a line when it changes. */
export class LinesView implements View {
  protected readonly options: ViewOptions;
  #lagMs: number | undefined;
  #events = 0;
  #gaps = 0;
  #handingOver = false;
  #told = '';

  constructor(options: ViewOptions) {
    this.options = options;
  }

  item(item: StreamItem<ClientProduct, never>): Promise<void> {
    return this.show(isGap(item) ? this.#gap(item) : this.#event(item as WireEvent));
  }

  status(status: StreamStatus): void {
    const now = this.options.now();
    const { verdict, reason, handingOver } = status;
    if (`${verdict}: ${reason}` !== this.#told) {
      this.#told = `${verdict}: ${reason}`;
      this.remark(remarkLine(verdict.toUpperCase(), VERDICT_TONES[verdict], this.verdictText(status), now));
    }
    if (handingOver === this.#handingOver) return;
    this.#handingOver = handingOver;
    const text = handingOver ? 'another connection is opened before this one goes' : `by ${status.connections} now`;
    this.remark(remarkLine(handingOver ? 'HANDING OVER' : 'HANDED OVER', 'yellow', text, now));
  }

  tick(_status: StreamStatus): void {}

  end(): void {}

  /** All that is known of the stream, since nothing else shows it here. */
  protected verdictText(status: StreamStatus): string {
    return painted(this.statusSpans(status).slice(1), false).trim();
  }

  protected statusSpans(status: StreamStatus): Span[] {
    const { now, grant } = this.options;
    return statusLine(status, { now: now(), grant, lagMs: this.#lagMs, events: this.#events, gaps: this.#gaps });
  }

  protected show(spans: readonly Span[]): Promise<void> {
    return write(this.options.output, `${painted(spans, this.options.colour)}\n`);
  }

  protected remark(spans: readonly Span[]): void {
    this.options.output.write(`${painted(spans, this.options.colour)}\n`);
  }

  #event(event: WireEvent): Span[] {
    const meta = metaOf(event) as EventMeta;
    this.#events++;
    if (typeof event['E'] === 'number') this.#lagMs = meta.receivedAt - event['E'];
    return eventLine(event, meta, this.options.product);
  }

  #gap(gap: Gap): Span[] {
    this.#gaps++;
    return gapLine(gap, this.options.now(), this.options.product);
  }
}

const TO_LINE_START = '\r\u001b[2K';

/** The same, with how the stream is in the last line, which stays there and counts down. */
export class TerminalView extends LinesView {
  #bottom = '';

  override status(status: StreamStatus): void {
    super.status(status);
    this.tick(status);
  }

  override tick(status: StreamStatus): void {
    // The last column stays free: a terminal that is filled to its edge may begin a line by itself.
    const width = (this.options.output.columns ?? 80) - 1;
    this.#bottom = painted(fitted(this.statusSpans(status), width), this.options.colour);
    this.options.output.write(`${TO_LINE_START}${this.#bottom}`);
  }

  override end(): void {
    this.options.output.write(TO_LINE_START);
    this.#bottom = '';
  }

  protected override verdictText({ reason }: StreamStatus): string {
    return reason;
  }

  protected override show(spans: readonly Span[]): Promise<void> {
    return write(this.options.output, this.#above(spans));
  }

  protected override remark(spans: readonly Span[]): void {
    this.options.output.write(this.#above(spans));
  }

  #above(spans: readonly Span[]): string {
    return `${TO_LINE_START}${painted(spans, this.options.colour)}\n${this.#bottom}`;
  }
}
