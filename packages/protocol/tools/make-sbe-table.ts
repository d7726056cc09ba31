/** `npx bun packages/protocol/tools/make-sbe-table.ts`: writes src/sbe/spot-3-5.ts; `npm run format` lays it out. */
import { readFileSync, writeFileSync } from 'node:fs';
import { sbeTable } from './sbe-table.ts';

const SOURCE = new URL('../schemas/spot_3_5.xml', import.meta.url);
const TABLE = new URL('../src/sbe/spot-3-5.ts', import.meta.url);

const table = JSON.stringify(sbeTable(readFileSync(SOURCE, 'utf8')));
writeFileSync(
  TABLE,
  `/** Made from schemas/spot_3_5.xml by tools/make-sbe-table.ts; a test holds them equal. Not to be edited by hand. */
import type { SbeSchema } from './schema.ts';

export const SPOT_3_5: SbeSchema = ${table};
`,
);
