import type { House } from '@listenpost/core';
import type { PublicEdge } from './edge/public-edge.ts';

/** Of a drain, what clients that were told `serverShutdown` get to go elsewhere in. */
const HANDOVER_PART = 0.5;

/** How often the drain looks whether all have gone. */
const LOOK_MS = 10;

/**
 * No new connections; `serverShutdown` to those whose product has it; then close 1001 to all that are left. Resolves when
 * all have gone, at the latest after `drainMs`.
 */
export async function drain(house: House, edges: readonly PublicEdge[], drainMs: number): Promise<void> {
  const deadline = performance.now() + drainMs;
  for (const edge of edges) edge.stopAccepting();
  const told = [...house.connections].filter((connection) => connection.announceShutdown());
  await until(() => told.every((connection) => connection.ended), performance.now() + drainMs * HANDOVER_PART);
  for (const connection of [...house.connections]) connection.end('shutdown');
  await until(() => edges.every((edge) => edge.pending() === 0), deadline);
  await Promise.all(edges.map((edge) => edge.stop()));
}

async function until(done: () => boolean, deadline: number): Promise<void> {
  while (!done() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}
