const PATHS = {
  post: 'M12 12v8M8.5 15a5 5 0 1 1 7 0M5.8 17.6a8.6 8.6 0 1 1 12.4 0',
  key: 'M14 10a4 4 0 1 0-3.6 3.98L12 15.5h2v2h2v2h3v-3.5l-5.2-5.2A4 4 0 0 0 14 10zM9.5 9.5h.01',
  plug: 'M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4',
  pulse: 'M3 12h4l2.5-7 5 14L17 12h4',
  chart: 'M4 4v16h16M8 16v-4M12 16V8M16 16v-6',
  rewind: 'M3.5 12a8.5 8.5 0 1 0 2.6-6.1L3.5 8.4M3.5 3.6v4.8h4.8M12 7.5V12l3 2',
  flask: 'M10 3h4M11 3v6l-5.6 9.2A1.9 1.9 0 0 0 7 21h10a1.9 1.9 0 0 0 1.6-2.8L13 9V3M8 15h8',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
