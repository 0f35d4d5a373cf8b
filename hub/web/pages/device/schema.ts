/** As much of JSON Schema 2020-12 as the arguments of commands use. */
export interface FieldSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly FieldSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
}

/** One way to fill a field that has several: a word of a list, or a shape of its own. */
export interface Alternative {
  readonly label: string;
  readonly start: unknown;
  readonly fits: (value: unknown) => boolean;
  /** What is to be filled in when it is chosen; absent for a word. */
  readonly schema?: FieldSchema;
}

/** How long something is held or shown, as a proposal. */
const A_MOMENT_MS = 700;

const word = (text: string): Alternative => ({ label: text, start: text, fits: (value) => value === text });

/** The choices of a field; undefined where it is no choice. */
export function alternativesOf(schema: FieldSchema): readonly Alternative[] | undefined {
  if (schema.enum) return schema.enum.map(word);
  if (schema.const !== undefined) return [word(schema.const)];
  return schema.anyOf?.flatMap(
    (part) =>
      alternativesOf(part) ?? [
        {
          label: Object.keys(part.properties ?? {})[0] ?? part.type ?? '',
          start: startOf(part),
          fits: (value: unknown) => typeof value === part.type || (part.type === 'object' && typeof value === 'object'),
          schema: part,
        },
      ],
  );
}

/** What a field holds before somebody touches it. */
export function startOf(schema: FieldSchema): unknown {
  const first = alternativesOf(schema)?.[0];
  if (first) return first.start;
  switch (schema.type) {
    case 'boolean':
      return true;
    case 'integer':
      return schema.minimum ?? 0;
    case 'number':
      // Durations have no upper bound; a bounded number starts in the middle of what makes sense.
      return schema.maximum === undefined ? A_MOMENT_MS : Math.round(((schema.minimum ?? 0) + schema.maximum) / 2);
    case 'array':
      return [];
    case 'object':
      return Object.fromEntries(
        (schema.required ?? []).flatMap((key) => {
          const part = schema.properties?.[key];
          return part ? [[key, startOf(part)]] : [];
        }),
      );
    default:
      return '';
  }
}
