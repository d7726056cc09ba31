/**
 * The console as Bun bundles it (docs/decisions): from its sources at the first request for it, so that a fresh clone
 * needs no build; in a compiled program from what the compiler embedded.
 */
import { basename } from 'node:path';
import page from '@listenpost/console/index.html';
import type { ConsoleFile, ConsoleFiles } from '../admin/console.ts';

const PAGE = 'index.html';

export function consoleFiles(): ConsoleFiles {
  let files: Promise<ReadonlyMap<string, ConsoleFile>> | undefined;
  return {
    page: PAGE,
    async find(name) {
      files ??= bundled().catch((cause: unknown) => {
        files = undefined;
        throw cause;
      });
      return (await files).get(name);
    },
  };
}

async function bundled(): Promise<ReadonlyMap<string, ConsoleFile>> {
  const blobs = page.files === undefined ? await built() : embedded(page.files);
  return new Map(await Promise.all(blobs.map(async ([name, blob]) => [name, await fileOf(blob)] as const)));
}

type Named = readonly [name: string, file: Blob];

async function built(): Promise<readonly Named[]> {
  const { outputs } = await Bun.build({
    entrypoints: [page.index],
    target: 'browser',
    minify: true,
    // As the compiler names them in a page that it embeds.
    publicPath: '/',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return outputs.map((output) => [basename(output.path), output]);
}

/** The compiler adds its hash to the page's own name. */
const embedded = (files: NonNullable<typeof page.files>): readonly Named[] =>
  files.map(({ path, loader }) => [loader === 'html' ? PAGE : basename(path), Bun.file(path)]);

async function fileOf(blob: Blob): Promise<ConsoleFile> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return { type: blob.type, bytes, gzipped: Bun.gzipSync(bytes, { level: 9 }) };
}
