/**
 * The registry's writer: owns the one write connection, so that a commit's fsync never stops the event loop. One message
 * is one transaction and gets one answer, in order.
 */
import { RegistryStoreError } from '@listenpost/core';
import type { RegistryBatch } from './registry-batch.ts';
import { RegistryDatabase, type RegistryDatabaseOptions } from './registry-database.ts';

declare const self: Worker;

export type WriterRequest =
  | { readonly open: { readonly file: string; readonly options: RegistryDatabaseOptions } }
  | { readonly batch: RegistryBatch }
  | 'close';

/** Null when done; otherwise why not, in a sentence for the operator. */
export type WriterAnswer = string | null;

let database: RegistryDatabase | undefined;

self.onmessage = ({ data }: MessageEvent<WriterRequest>) => self.postMessage(answer(data));

function answer(request: WriterRequest): WriterAnswer {
  try {
    perform(request);
    return null;
  } catch (error) {
    if (error instanceof RegistryStoreError) return error.message;
    throw error;
  }
}

function perform(request: WriterRequest): void {
  if (request === 'close') return database?.close();
  if ('batch' in request) return database?.apply(request.batch);
  database = RegistryDatabase.open(request.open.file, request.open.options);
  database.resume();
}
