/** `npx bun packages/protocol/tools/make-lifecycles-page.ts`: writes docs/lifecycles.md. */
import { writeFileSync } from 'node:fs';
import { LIFECYCLES } from '../src/lifecycles/index.ts';
import { lifecyclesPage } from './lifecycles-page.ts';

writeFileSync(new URL('../../../docs/lifecycles.md', import.meta.url), lifecyclesPage(LIFECYCLES));
