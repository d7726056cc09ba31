import { expect, test } from 'bun:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { ByteSink, textOf } from './bytes.ts';
import { beginFrame, decodeEvent, decodeFrame, endFrame, putEvent, putKey, putStream } from './frame.ts';
import { Outline } from './outline.ts';

/** Streams with the number of events each turn appends to them, from sequences on that need more than a word too. */
const turns = fc.array(fc.record({ number: fc.nat({ max: 3 }), body: fc.string({ maxLength: 40 }) }), {
  maxLength: 30,
});
const start = fc.constantFrom(1, 2 ** 32 - 3, 2 ** 45);

test('an outline finds each event of a frame, and nothing else, with bytes that decode to the same', () => {
  fc.assert(
    fc.property(turns, start, fc.nat({ max: 20 }), (events, firstSequence, before) => {
      const sink = new ByteSink(64);
      sink.at = before;
      const at = beginFrame(sink, 0, 1);
      const sequences = new Map<number, number>();
      const written = events.map(({ number, body }) => {
        const sequence = sequences.get(number) ?? firstSequence;
        sequences.set(number, sequence + 1);
        putStream(sink, number, 'alice/usdm', 'epoch');
        putEvent(sink, number, sequence, 'X', body);
        return { number, sequence, body };
      });
      putKey(sink, 'k');
      endFrame(sink, at);
      const bytes = sink.written().subarray(at);
      const outline = new Outline(decodeFrame(bytes, 0, bytes.length), bytes);
      for (const number of [0, 1, 2, 3, 4]) {
        const own = written.filter((event) => event.number === number);
        const found = outline.eventsOf(number, firstSequence, Number.MAX_SAFE_INTEGER).map(({ at, end, crc }) => {
          const piece = bytes.subarray(at, end);
          expect(crc32(piece)).toBe(crc);
          const { sequence, body, ...event } = decodeEvent(piece);
          return { number: event.number, sequence, body: textOf(piece, body) };
        });
        expect(found).toEqual(own);
        const from = firstSequence + 1;
        expect(outline.eventsOf(number, from, from).length).toBe(Math.max(0, Math.min(1, own.length - 1)));
      }
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('an outline takes 24 bytes for each event', () => {
  const sizeOf = (events: number) => {
    const sink = new ByteSink(64);
    const at = beginFrame(sink, 0, 1);
    for (let n = 1; n <= events; n += 1) putEvent(sink, 7, n, 'ORDER_TRADE_UPDATE', 'x'.repeat(600));
    endFrame(sink, at);
    const bytes = sink.written();
    return new Outline(decodeFrame(bytes, 0, bytes.length), bytes).byteLength;
  };
  expect(sizeOf(51) - sizeOf(1)).toBe(50 * 24);
});
