/** A checkbox with its label. */
export function CheckField({
  label,
  testId,
  checked,
  disabled = false,
  describedBy,
  onChange,
}: {
  label: string;
  testId: string;
  checked: boolean;
  disabled?: boolean;
  /** Id of the element that explains it. */
  describedBy?: string;
  onChange(checked: boolean): void;
}) {
  return (
    <label class="check">
      <input
        type="checkbox"
        data-testid={testId}
        checked={checked}
        disabled={disabled}
        aria-describedby={describedBy}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span>{label}</span>
    </label>
  );
}
