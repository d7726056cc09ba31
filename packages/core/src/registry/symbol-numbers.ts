/** What a symbol's number is stored under. */
export const SYMBOL_NUMBERS_SETTING = 'symbolNumbers';

/**
 * A number for each symbol, from 1, for tokens too short to hold a name. A number stays its symbol's for ever, also when the
 * symbol is no longer configured: given to another it would turn a token into one for a stranger's stream.
 */
export class SymbolNumbers {
  readonly #numbers = new Map<string, number>();
  readonly #symbols = new Map<number, string>();

  /** `stored`: what `text` was at the last stop. */
  constructor(symbols: Iterable<string>, stored?: string) {
    const known = Object.entries(JSON.parse(stored ?? '{}') as Record<string, number>);
    for (const [symbol, number] of known) this.#add(symbol, number);
    let next = Math.max(0, ...this.#symbols.keys()) + 1;
    for (const symbol of symbols) if (!this.#numbers.has(symbol)) this.#add(symbol, next++);
  }

  numberOf(symbol: string): number | undefined {
    return this.#numbers.get(symbol);
  }

  symbolOf(number: number): string | undefined {
    return this.#symbols.get(number);
  }

  /** For the store. */
  get text(): string {
    return JSON.stringify(Object.fromEntries(this.#numbers));
  }

  #add(symbol: string, number: number): void {
    this.#numbers.set(symbol, number);
    this.#symbols.set(number, symbol);
  }
}
