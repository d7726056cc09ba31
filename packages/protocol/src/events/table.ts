/**
 * How event tables are written: one wire event per file, one table per event, one shape per set of products that push
 * the same fields. A product's differences are columns: `in` has one mark per product of the shape, in their order.
 *
 * The types of events come from the tables at the bottom of this file, so that a field is written down once.
 */
import type { ProductId } from '../products.ts';

/**
 * int: JSON integer. dec: decimal carried in a JSON string. str: string. bool: true or false.
 * str|null: string or null. digits: integer carried in a JSON string. object, array: members, or items with members.
 */
export type ScalarType = 'int' | 'dec' | 'str' | 'bool' | 'str|null' | 'digits';
export type FieldType = ScalarType | 'object' | 'array';

export type PerProduct<T> = { readonly [P in ProductId]?: T };

interface Columns {
  /**
   * One mark per product of the shape, separated by blanks: `+` always present, `?` optional, `-` unknown there.
   * Left out: always present for every product of the shape.
   */
  readonly in?: string;
  readonly meaning: string;
  /** First day, UTC, of the field in a product; absent where the references name none. */
  readonly since?: PerProduct<string>;
}

interface ScalarField extends Columns {
  readonly type: ScalarType;
  /**
   * A point in time, in ms: what `timeUnit=MICROSECOND` rescales. Values below 1 stand for "none" and are no time.
   * An id under a name that means time elsewhere (`liabilityChange.T`) must not carry the mark: it would be destroyed.
   */
  readonly time?: true;
  /**
   * An id that may pass 2^53, as the references' 64-bit ids do (options' order ids, USDⓈ-M's of some symbols): where digits are
   * kept it comes as a bigint then, as `parseExact` reads it.
   */
  readonly wide?: true;
  /** Known values. Others are let through: venues add values without notice. */
  readonly values?: readonly string[] | PerProduct<readonly string[]>;
}

interface NestedField extends Columns {
  readonly type: 'object' | 'array';
  readonly fields: Fields;
}

export type FieldTable = ScalarField | NestedField;

/** In wire order. The member `e` stands first in every event and is in no table. */
export type Fields = { readonly [name: string]: FieldTable };

export interface Shape {
  /** The columns of `in`. */
  readonly products: readonly ProductId[];
  /** Section of the protocol references. */
  readonly source: string;
  /**
   * Paths of what tells one event of this shape from another: two pushes of the same event, on two connections, agree in them, and
   * two events do not. `E` is the moment of the push, so it stands here only where nothing else would tell two events apart; such
   * an event may be told twice where two connections stamp it differently, which is better than once too few.
   * For a product that knows none of them it is `E` alone.
   */
  readonly identity: readonly string[];
  readonly fields: Fields;
  /** Members of the top level of which exactly one is there, as far as the product knows them. */
  readonly exactlyOneOf?: readonly string[];
}

export interface EventTable {
  /** Wire value of `e`; also the name of the file. */
  readonly name: string;
  readonly meaning: string;
  /** Made by the system itself; refused when published. */
  readonly system?: true;
  readonly since?: PerProduct<string>;
  /** Day of the notice, or true where none is known. Still pushed. */
  readonly deprecated?: string | true;
  readonly shapes: readonly Shape[];
}

interface ScalarValue {
  int: number;
  dec: string;
  str: string;
  bool: boolean;
  'str|null': string | null;
  digits: string;
}

type Split<Marks extends string> = Marks extends `${infer Mark} ${infer Rest}` ? [Mark, ...Split<Rest>] : [Marks];

type At<Marks, Index> = Index extends keyof Marks ? Marks[Index] : never;

type MarkOf<Field, Products extends readonly ProductId[], P> = Field extends { readonly in: infer Marks extends string }
  ? { [Index in keyof Products]: Products[Index] extends P ? At<Split<Marks>, Index> : never }[number]
  : '+';

type ValueOf<Field, Products extends readonly ProductId[], P> = Field extends {
  readonly type: infer Type;
  readonly fields: infer Inner;
}
  ? Type extends 'array'
    ? readonly MembersOf<Inner, Products, P>[]
    : MembersOf<Inner, Products, P>
  : Field extends { readonly type: infer Type extends ScalarType }
    ? ScalarValue[Type] | (Field extends { readonly wide: true } ? bigint : never)
    : never;

type Flat<T> = { readonly [Name in keyof T]: T[Name] };

type MembersOf<Members, Products extends readonly ProductId[], P> = Flat<
  {
    [Name in keyof Members as MarkOf<Members[Name], Products, P> extends '+' ? Name : never]: ValueOf<
      Members[Name],
      Products,
      P
    >;
  } & {
    [Name in keyof Members as MarkOf<Members[Name], Products, P> extends '?' ? Name : never]?: ValueOf<
      Members[Name],
      Products,
      P
    >;
  }
>;

type ExactlyOne<Members, Names extends keyof Members> = Omit<Members, Names> &
  {
    [Name in Names]: Required<Pick<Members, Name>> & { readonly [Other in Exclude<Names, Name>]?: never };
  }[Names];

type WithGroup<Members, S> = S extends { readonly exactlyOneOf: readonly (infer Names)[] }
  ? ExactlyOne<Members, Names & keyof Members>
  : Members;

type ShapeFor<S, P> = S extends { readonly products: readonly (infer Known)[] } ? (P extends Known ? S : never) : never;

/** The event of a table as one product pushes it; never where the product does not. */
export type TableEvent<Table extends EventTable, P extends ProductId> =
  ShapeFor<Table['shapes'][number], P> extends infer S extends Shape
    ? { readonly e: Table['name'] } & WithGroup<MembersOf<S['fields'], S['products'], P>, S>
    : never;
