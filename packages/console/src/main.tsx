import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import { App } from './app.tsx';
import { watchServer } from './server.ts';
import { applyTheme } from './theme.ts';

applyTheme();
watchServer();
render(<App />, document.body);
