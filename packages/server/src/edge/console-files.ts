/**
 * The console as Bun bundles it (docs/decisions/0012): from its sources at the first request for it, so that a fresh clone
 * needs no build; where the server itself was compiled or bundled, as that left it.
 */
import { basename, resolve } from 'node:path';
import page from '@listenpost/console/index.html';
import type { ConsoleFile, ConsoleFiles } from '../admin/console.ts';

const PAGE = 'index.html';

/** Names that the page's files may have. Bundling takes a second, which nobody who asks for something else shall wait. */
const FILE_NAME = /^[\w-]{1,100}\.\w{1,8}$/;

export function consoleFiles(): ConsoleFiles {
  let files: Promise<ReadonlyMap<string, ConsoleFile>> | undefined;
  return {
    page: PAGE,
    async find(name) {
      if (!FILE_NAME.test(name)) return undefined;
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
    // As a compiler names them in a page that it embeds.
    publicPath: '/',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return outputs.map((output) => [basename(output.path), output]);
}

/** A compiler adds its hash to the page's name, and knows its files by absolute paths; a bundler puts them beside this file. */
const embedded = (files: NonNullable<typeof page.files>): readonly Named[] =>
  files.map(({ path, loader }) => [
    loader === 'html' ? PAGE : basename(path),
    Bun.file(resolve(import.meta.dirname, path)),
  ]);

async function fileOf(blob: Blob): Promise<ConsoleFile> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return { type: blob.type, bytes, gzipped: Bun.gzipSync(bytes, { level: 9 }) };
}
