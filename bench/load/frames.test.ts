import { describe, expect, test } from 'bun:test';
import { clientHeaderBytes, OPCODE, scanFrames, writeClientHeader } from './frames.ts';

function collected(bytes: Buffer, from = 0) {
  const frames: { opcode: number; text: string }[] = [];
  const end = scanFrames(bytes, from, {
    frame: (opcode, source, start, stop) => frames.push({ opcode, text: source.toString('latin1', start, stop) }),
  });
  return { frames, end };
}

function serverFrame(opcode: number, payload: string): Buffer {
  const { length } = payload;
  const header = [0x80 | opcode];
  if (length < 126) header.push(length);
  else if (length < 65_536) header.push(126, length >> 8, length & 255);
  else header.push(127, 0, 0, 0, 0, 0, (length >> 16) & 255, (length >> 8) & 255, length & 255);
  return Buffer.concat([Buffer.from(header), Buffer.from(payload, 'latin1')]);
}

describe('frame scanner', () => {
  test('finds frames of every length form, one behind the other', () => {
    const payloads = ['', 'a', 'b'.repeat(125), 'c'.repeat(126), 'd'.repeat(65_535), 'e'.repeat(65_536)];
    const bytes = Buffer.concat(payloads.map((payload) => serverFrame(OPCODE.text, payload)));
    const { frames, end } = collected(bytes);
    expect(frames.map(({ text }) => text)).toEqual(payloads);
    expect(end).toBe(bytes.length);
  });

  test('stops before a frame that is not whole, wherever it is cut', () => {
    const whole = serverFrame(OPCODE.text, 'first');
    const bytes = Buffer.concat([whole, serverFrame(OPCODE.ping, 'x'.repeat(300))]);
    for (let cut = whole.length; cut < bytes.length; cut++) {
      const { frames, end } = collected(bytes.subarray(0, cut));
      expect(frames).toHaveLength(1);
      expect(end).toBe(whole.length);
    }
    expect(collected(bytes).frames[1]).toEqual({ opcode: OPCODE.ping, text: 'x'.repeat(300) });
  });

  test('starts where it is told', () => {
    const bytes = Buffer.concat([Buffer.from('HTTP'), serverFrame(OPCODE.text, 'event')]);
    expect(collected(bytes, 4).frames).toEqual([{ opcode: OPCODE.text, text: 'event' }]);
  });
});

describe("a client's header", () => {
  test('ends where the payload begins, masked, in every length form', () => {
    for (const length of [0, 125, 126, 65_535, 65_536]) {
      const bytes = Buffer.alloc(20 + length, 255);
      const at = writeClientHeader(bytes, 20, OPCODE.text, length);
      expect(20 - at).toBe(clientHeaderBytes(length));
      expect(bytes[at]).toBe(0x81);
      expect((bytes[at + 1] ?? 0) & 0x80).toBe(0x80);
      expect([...bytes.subarray(16, 20)]).toEqual([0, 0, 0, 0]);
    }
  });
});
