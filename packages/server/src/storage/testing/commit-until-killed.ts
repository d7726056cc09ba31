/**
 * Commits random changes to the registry named by its first argument and prints each commit once it is durable, as one line
 * of JSON. Runs until it is killed. The second argument is the seed.
 */
import { writeSync } from 'node:fs';
import { seededRandom } from '../../../../core/src/testing/seeded-random.ts';
import { openSqliteRegistry } from '../sqlite-registry.ts';
import { changesWithin } from './random-changes.ts';

const [file = '', seed = '0'] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const registry = await openSqliteRegistry(file);

/** Commits in flight at once, so that they are grouped. Each works on ids of its own, so that its order is its own. */
const WRITERS = 16;

async function write(writer: number): Promise<never> {
  for (let number = 0; ; number += 1) {
    const changes = changesWithin(random, writer * 1000, 8);
    // Announced before, because a commit that was cut off may be there or not.
    writeSync(1, `${JSON.stringify({ writer, number, changes })}\n`);
    await registry.commit(changes);
    writeSync(1, `${JSON.stringify({ writer, number, durable: true })}\n`);
  }
}

await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
