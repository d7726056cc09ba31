/** Where the reader is, in the address: `#/tail?account=demo`, so that a view can be linked to and gone back to. */
import { signal } from '@preact/signals';

export const VIEWS = ['grants', 'sessions', 'tail', 'rates', 'replay', 'emulator'] as const;
export type View = (typeof VIEWS)[number];

export interface Route {
  readonly view: View;
  readonly params: URLSearchParams;
}

export const route = signal<Route>(routeOf(location.hash));

window.addEventListener('hashchange', () => {
  route.value = routeOf(location.hash);
});

function routeOf(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  return { view: VIEWS.find((view) => view === path) ?? 'grants', params: new URLSearchParams(query) };
}

/** The address of a view; parameters that are empty are left out. */
export function hrefOf(view: View, params: Readonly<Record<string, string>> = {}): string {
  const given = Object.entries(params).filter(([, value]) => value !== '');
  return given.length === 0 ? `#/${view}` : `#/${view}?${new URLSearchParams(given)}`;
}

/** Takes the view's parameters into the address, without a step in the history. */
export function keepParams(view: View, params: Readonly<Record<string, string>>): void {
  const href = hrefOf(view, params);
  if (location.hash === href) return;
  history.replaceState(null, '', href);
  route.value = routeOf(href);
}
