import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { ByteSink, Malformed, textOf } from './bytes.ts';
import {
  beginFrame,
  checkHeader,
  decodeFrame,
  endFrame,
  type Frame,
  putAnswer,
  putCheckpoint,
  putEnd,
  putEvent,
  putKey,
  putPosition,
  putProducer,
  putSegment,
  putStream,
} from './frame.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 60 });
const sequence = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

const put = fc.oneof(
  fc.record({ kind: fc.constant('segment' as const), number: u32 }),
  fc.record({ kind: fc.constant('stream' as const), number: u32, name: text, epoch: text }),
  fc.record({ kind: fc.constant('event' as const), number: u32, sequence, type: text, body: text }),
  fc.record({ kind: fc.constant('key' as const), key: text }),
  fc.record({ kind: fc.constant('producer' as const), producer: text, n: sequence }),
  fc.record({ kind: fc.constant('checkpoint' as const), upTo: u32 }),
  fc.record({ kind: fc.constant('position' as const), name: text, epoch: text, last: sequence }),
  fc.record({
    kind: fc.constant('answer' as const),
    key: text,
    accepted: u32,
    last: fc.array(fc.record({ stream: text, sequence }), { maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant('end' as const), frames: u32 }),
);
type Put = typeof put extends fc.Arbitrary<infer T> ? T : never;

function encode(sink: ByteSink, puts: readonly Put[], syncedTo: number, timeMs: number): number {
  const start = beginFrame(sink, syncedTo, timeMs);
  for (const item of puts) putOne(sink, item);
  endFrame(sink, start);
  return start;
}

function putOne(sink: ByteSink, item: Put): void {
  switch (item.kind) {
    case 'segment':
      return putSegment(sink, item.number);
    case 'stream':
      return putStream(sink, item.number, item.name, item.epoch);
    case 'event':
      return putEvent(sink, item.number, item.sequence, item.type, item.body);
    case 'key':
      return putKey(sink, item.key);
    case 'producer':
      return putProducer(sink, item.producer, item.n);
    case 'checkpoint':
      return putCheckpoint(sink, item.upTo);
    case 'position':
      return putPosition(sink, item.name, item.epoch, item.last);
    case 'answer':
      return putAnswer(sink, item.key, item.accepted, item.last);
    case 'end':
      return putEnd(sink, item.frames);
  }
}

/** The items as they were put. */
function plain(bytes: Buffer, { items }: Frame): unknown[] {
  return items.map((item) => {
    if (item.kind === 'event') return { ...item, type: textOf(bytes, item.type), body: textOf(bytes, item.body) };
    if (item.kind === 'segment') return { kind: item.kind, number: item.number };
    if (item.kind === 'checkpoint') return { kind: item.kind, upTo: item.upTo };
    if (item.kind !== 'answer') return item;
    return { ...item, last: item.last.map(([stream, sequence]) => ({ stream, sequence })) };
  });
}

/** Undefined when the bytes are no whole frame. */
function decode(bytes: Buffer, at: number): Frame | undefined {
  const header = checkHeader(bytes, at);
  if (header.kind !== 'whole') return undefined;
  try {
    return decodeFrame(bytes, at, header.length);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

const frame = fc.record({ puts: fc.array(put, { minLength: 1, maxLength: 8 }), syncedTo: u32, timeMs: sequence });

describe('a frame', () => {
  test('gives back what was put into it, wherever it stands in a buffer', () => {
    fc.assert(
      fc.property(frame, frame, (first, second) => {
        const sink = new ByteSink(64);
        encode(sink, first.puts, first.syncedTo, first.timeMs);
        const at = encode(sink, second.puts, second.syncedTo, second.timeMs);
        const bytes = sink.written();
        const decoded = decode(bytes, at) as Frame;
        expect(decoded).toMatchObject({ length: bytes.length - at, syncedTo: second.syncedTo, timeMs: second.timeMs });
        expect(plain(bytes, decoded)).toEqual(JSON.parse(JSON.stringify(second.puts)));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('with any other byte in any place is no frame', () => {
    fc.assert(
      fc.property(frame, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ puts, syncedTo, timeMs }, place, change) => {
        const sink = new ByteSink(64);
        encode(sink, puts, syncedTo, timeMs);
        const bytes = sink.written();
        const at = place % bytes.length;
        bytes[at] = (bytes[at] as number) ^ change;
        expect(decode(bytes, 0)).toBeUndefined();
      }),
      { seed: 2, numRuns: 1000 },
    );
  });

  test('whose end is missing is no frame, at every length', () => {
    const sink = new ByteSink(64);
    encode(sink, [{ kind: 'event', number: 1, sequence: 1, type: 'x', body: '{"e":"x"}' }], 0, 1);
    for (let length = 0; length < sink.at; length += 1) {
      expect(decode(Buffer.from(sink.bytes.subarray(0, length)), 0)).toBeUndefined();
    }
    expect(decode(sink.written(), 0)).toBeDefined();
  });
});

describe('the decoder', () => {
  test('takes any bytes without a crash, and takes none of them for a frame', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decode(Buffer.from(bytes), 0)).toBeUndefined();
      }),
      { seed: 3, numRuns: 1000 },
    );
  });

  test('takes any items behind a right checksum without a crash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (items) => {
        const sink = new ByteSink(64);
        const start = beginFrame(sink, 0, 1);
        sink.reserve(items.length);
        for (const byte of items) sink.u8(byte);
        endFrame(sink, start);
        decode(sink.written(), 0);
      }),
      { seed: 4, numRuns: 2000 },
    );
  });
});
