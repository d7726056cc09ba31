/**
 * Where stream connections open (derivatives §1.1, §3.1; design: all products share one port, the path tells them apart).
 * `reads` maps a listenKey's own scope to the scope that the key reads on this base; a scope that is missing stays silent.
 */
import { type Dated, UNROUTED_PATHS_RETIRED } from './dated.ts';
import type { ProductId } from './products.ts';

/** Once retired, events come only as the setting `legacyPaths` says. */
export interface StreamRead extends Dated {
  readonly scope: ProductId;
}

export interface StreamBase {
  readonly path: string;
  /** The connection's row until its first known key sets it. */
  readonly product: ProductId;
  readonly reads: { readonly [P in ProductId]?: StreamRead };
  /** Whether `?listenKey=&events=` is read here (forms b and c; the split of 2026-04-23 brought it). */
  readonly takesListenKeyParameter: boolean;
}

const own = (scope: ProductId): StreamRead => ({ scope });
const unrouted = (scope: ProductId): StreamRead => ({ scope, retired: UNROUTED_PATHS_RETIRED });

export const STREAM_BASES: readonly StreamBase[] = [
  {
    path: '',
    product: 'coinm',
    takesListenKeyParameter: false,
    // Keys of Spot and margin are no longer made; one that was lives out its hour.
    reads: {
      coinm: own('coinm'),
      risk: own('risk'),
      spot: own('spot'),
      margin: own('margin'),
      isolated: own('isolated'),
      usdm: unrouted('usdm'),
      options: unrouted('options'),
    },
  },
  {
    path: '/private',
    product: 'usdm',
    takesListenKeyParameter: true,
    reads: { usdm: own('usdm'), options: own('options') },
  },
  { path: '/pm', product: 'pm', takesListenKeyParameter: false, reads: { pm: own('pm') } },
  { path: '/pm-classic', product: 'pmpro', takesListenKeyParameter: false, reads: { usdm: own('pmpro') } },
  { path: '/market', product: 'usdm', takesListenKeyParameter: false, reads: {} },
  { path: '/public', product: 'usdm', takesListenKeyParameter: false, reads: {} },
];

/** What a stream name may look like: a listenKey, `<listenKey>@<EVENT>`, `btcusdt@aggTrade`, `!ticker@arr`, with UTF-8 symbols. */
export const STREAM_NAME = /^!?[\p{L}\p{N}_-]{1,128}(?:@[\p{L}\p{N}_.:+-]{1,64}){0,3}$/u;
