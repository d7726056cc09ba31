import { useId } from 'preact/hooks';

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly placeholder?: string;
  /** What it means, under the field. */
  readonly hint?: string;
  readonly suggestions?: readonly string[];
  readonly type?: 'text' | 'search';
}

export function TextField({ label, value, onValue, placeholder, hint, suggestions, type = 'text' }: TextFieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type={type}
        value={value}
        placeholder={placeholder ?? ''}
        list={suggestions === undefined ? undefined : `${id}-list`}
        autocomplete="off"
        spellcheck={false}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
      {hint !== undefined && (
        <small id={`${id}-hint`} class="dim">
          {hint}
        </small>
      )}
      {suggestions !== undefined && (
        <datalist id={`${id}-list`}>
          {suggestions.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      )}
    </div>
  );
}

export interface Choice {
  readonly value: string;
  readonly title: string;
}

interface SelectFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly choices: readonly Choice[];
  readonly hint?: string;
}

export function SelectField({ label, value, onValue, choices, hint }: SelectFieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={(event) => onValue(event.currentTarget.value)}
      >
        {choices.map((each) => (
          <option key={each.value} value={each.value}>
            {each.title}
          </option>
        ))}
      </select>
      {hint !== undefined && (
        <small id={`${id}-hint`} class="dim">
          {hint}
        </small>
      )}
    </div>
  );
}
