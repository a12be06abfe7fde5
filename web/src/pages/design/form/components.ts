// The components of a form as form-js writes them; what is not understood here is kept as it stands.
export interface Choice {
  value: string;
  label: string;
}

export interface Component extends Record<string, unknown> {
  type: string;
  key?: string;
  label?: string;
  validate?: Record<string, unknown>;
  values?: Choice[];
  columns?: { key: string; label: string }[];
}

export interface FormFile extends Record<string, unknown> {
  components: Component[];
}

/** Types that can be added, in the order of their use. */
export const TYPES = ['textfield', 'textarea', 'number', 'select', 'radio', 'checkbox', 'datetime', 'table', 'text'] as const;
export type Type = (typeof TYPES)[number];

export const isKnown = (type: string): type is Type => (TYPES as readonly string[]).includes(type);

/** Which properties a type has, beside key and label. */
export const PROPERTIES: Record<Type, readonly ('required' | 'readonly' | 'range' | 'length' | 'values' | 'columns')[]> = {
  textfield: ['required', 'readonly', 'length'],
  textarea: ['required', 'readonly', 'length'],
  number: ['required', 'readonly', 'range'],
  select: ['required', 'readonly', 'values'],
  radio: ['required', 'readonly', 'values'],
  checkbox: ['required', 'readonly'],
  datetime: ['required', 'readonly'],
  table: ['columns'],
  text: [],
};

/** A form as it stands in its file; `undefined`: not one that can be shown. */
export function formOf(text: string): FormFile | undefined {
  try {
    const found: unknown = JSON.parse(text);
    const isForm = typeof found === 'object' && found !== null && Array.isArray((found as FormFile).components);
    return isForm ? (found as FormFile) : undefined;
  } catch {
    return undefined;
  }
}

export const textOf = (form: FormFile): string => `${JSON.stringify(form, null, 2)}\n`;

/** A property set, or taken away where it says nothing. */
export function withValue(component: Component, name: string, value: unknown): Component {
  const { [name]: _, ...rest } = component;
  const isNothing = value === '' || value === false || value === undefined || value === null;
  return (isNothing ? rest : { ...component, [name]: value }) as Component;
}

export function withRule(component: Component, name: string, value: unknown): Component {
  const rules = withValue({ type: '', ...component.validate } as Component, name, value);
  const { type: _, ...left } = rules;
  return withValue(component, 'validate', Object.keys(left).length ? left : undefined);
}

/** What stands for a component in the list. */
export const nameOf = (component: Component): string =>
  String(component.label ?? component.text ?? component.alt ?? component.key ?? component.path ?? component.type);

/** A key that no other component has. */
export function freeKey(form: FormFile, stem: string): string {
  const taken = new Set(form.components.map((each) => each.key ?? each.id));
  for (let number = 1; ; number += 1) if (!taken.has(`${stem}_${number}`)) return `${stem}_${number}`;
}
