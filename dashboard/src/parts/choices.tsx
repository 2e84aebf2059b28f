// One of a few, side by side.

interface Choices<Value extends string> {
  label: string;
  options: readonly (readonly [Value, string])[];
  value: Value;
  onChoose: (value: Value) => void;
}

export function Choices<Value extends string>({ label, options, value, onChoose }: Choices<Value>) {
  return (
    <fieldset class="segments">
      <legend class="unseen">{label}</legend>
      {options.map(([each, name]) => (
        <label key={each}>
          <input type="radio" name={label} checked={value === each} onChange={() => onChoose(each)} />
          <span>{name}</span>
        </label>
      ))}
    </fieldset>
  );
}
