import { describe, expect, test } from 'bun:test';
import { Budget } from '../keep/budget.ts';
import { ManualDoors } from '../testing/manual-doors.ts';
import { json } from '../wire/event-frame.ts';
import { LINE_SETTINGS, Line } from './line.ts';

function opened({ pings = true } = {}) {
  const doors = new ManualDoors();
  const start = doors.clock.now();
  const told: string[] = [];
  const line = new Line(doors, new Budget(doors), json(), 'wss://venue/ws', LINE_SETTINGS, {
    opened: () => told.push('opened'),
    frame: (frame) => told.push(frame.kind),
    proved: (at) => told.push(`proved ${at - start}`),
    closed: (reason) => told.push(`closed: ${reason}`),
    ask: () => told.push('ask'),
  });
  const { socket } = doors;
  if (!pings) Object.assign(socket, { ping: undefined });
  socket.open();
  return { doors, line, socket, told };
}

describe('a line', () => {
  test('asks once open, and an answer proves what was sent before the asking', async () => {
    const { doors, socket, told } = opened();
    expect(socket.pings).toBe(1);
    await doors.clock.advance(300);
    socket.pong();
    await doors.clock.advance(10_000);
    expect(socket.pings).toBe(2);
    socket.pong();
    expect(told).toEqual(['opened', 'proved 0', 'proved 10300']);
  });

  test('is dead when an answer stays out, and says so once', async () => {
    const { doors, socket, told } = opened();
    await doors.clock.advance(19_999);
    expect(told).toEqual(['opened']);
    await doors.clock.advance(1);
    expect(socket.ended).toBe('terminated');
    socket.cut();
    expect(told).toEqual(['opened', 'closed: no answer for 20000 ms']);
    expect(doors.clock.pending).toBe(0);
  });

  test('that is asked to prove while an answer is due asks again: what was sent meanwhile is not covered by it', async () => {
    const { doors, line, socket, told } = opened();
    await doors.clock.advance(500);
    line.prove();
    expect(socket.pings).toBe(1);
    socket.pong();
    expect(socket.pings).toBe(2);
    socket.pong();
    expect(told).toEqual(['opened', 'proved 0', 'proved 500']);
  });

  test('takes no pong for an answer that it did not ask for', async () => {
    const { doors, socket, told } = opened();
    socket.pong();
    await doors.clock.advance(1000);
    socket.pong();
    expect(told).toEqual(['opened', 'proved 0']);
  });

  test('asks in the protocol’s words where the runtime sends no pings', async () => {
    const { doors, line, told } = opened({ pings: false });
    expect(told).toEqual(['ask', 'opened']);
    line.answered();
    await doors.clock.advance(10_000);
    expect(told).toEqual(['ask', 'opened', 'proved 0', 'ask']);
  });

  test('tells nothing after it was closed from this side, and leaves no timer', async () => {
    const { doors, line, socket, told } = opened();
    line.close();
    socket.receive({ e: 'a' });
    socket.pong();
    socket.cut();
    line.send('late');
    await doors.clock.advance(60_000);
    expect(told).toEqual(['opened']);
    expect([socket.ended, socket.sent, doors.clock.pending]).toEqual(['closed', [], 0]);
  });

  test('whose handshake hangs has failed', async () => {
    const doors = new ManualDoors();
    const told: string[] = [];
    const nothing = () => undefined;
    const handlers = { opened: nothing, frame: nothing, proved: nothing, ask: nothing };
    new Line(doors, new Budget(doors), json(), 'wss://venue/ws', LINE_SETTINGS, {
      ...handlers,
      closed: (reason) => told.push(reason),
    });
    await doors.clock.advance(10_000);
    expect(told).toEqual(['the handshake took too long']);
    expect(doors.socket.ended).toBe('terminated');
  });
});
