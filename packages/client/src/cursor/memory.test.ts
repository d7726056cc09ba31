import { describeCursorStore } from './cursor-store.contract.ts';
import { memoryCursorStore } from './memory.ts';

describeCursorStore('memory', () => ({ store: memoryCursorStore() }));
