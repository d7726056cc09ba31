/** TypeDoc over the SDK. It needs the compiler's old API, so that it lives in a workspace of its own with that compiler. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './toolchain.mjs';

export const API_DOCS = join(ROOT, 'docs', 'api');

/** `args` behind what docs/api/typedoc.json says. A public name without a word about it is an error there. */
export function typedocCommand(args) {
  const folder = join(API_DOCS, 'node_modules', 'typedoc');
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return [process.execPath, join(folder, bin.typedoc), '--options', join(API_DOCS, 'typedoc.json'), ...args];
}
