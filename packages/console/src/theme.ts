import { effect, signal } from '@preact/signals';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const STORED_THEME = 'listenpost.theme';
const DARK = matchMedia('(prefers-color-scheme: dark)');

export const theme = signal<Theme>(THEMES.find((each) => each === localStorage.getItem(STORED_THEME)) ?? 'system');

/** What is in force, for what CSS does not reach. */
export const shownTheme = signal<'light' | 'dark'>('light');

/** The document follows the switch from here on, and the system where the switch says so. */
export function applyTheme(): void {
  const show = () => {
    shownTheme.value = theme.value === 'system' ? (DARK.matches ? 'dark' : 'light') : theme.value;
    document.documentElement.dataset['theme'] = shownTheme.value;
  };
  DARK.addEventListener('change', show);
  effect(show);
}

export function chooseTheme(chosen: Theme): void {
  localStorage.setItem(STORED_THEME, chosen);
  theme.value = chosen;
}
