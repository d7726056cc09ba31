import { expect, test } from 'bun:test';
import { FrameWindow } from './frame-window.ts';

test('a second holds as many frames as the row allows', () => {
  const frames = new FrameWindow();
  for (let nth = 0; nth < 10; nth++) expect(frames.admits(5000 + nth, 10)).toBe(true);
  expect(frames.admits(5999, 10)).toBe(false);
});

test('the next second begins exactly one second after the first frame', () => {
  const frames = new FrameWindow();
  expect(frames.admits(5000, 1)).toBe(true);
  expect(frames.admits(5999, 1)).toBe(false);
  expect(frames.admits(6000, 1)).toBe(true);
  expect(frames.admits(6999, 1)).toBe(false);
  expect(frames.admits(9000, 1)).toBe(true);
});
