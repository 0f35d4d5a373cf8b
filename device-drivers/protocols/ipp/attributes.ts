import type { IppAttribute, IppGroup, IppMessage, IppValue } from './codec.ts';

/** The first group with this tag. */
export function groupOf(message: IppMessage, tag: number): IppGroup | undefined {
  return message.groups.find((group) => group.tag === tag);
}

function valuesOf(group: IppGroup | undefined, name: string): readonly IppValue[] {
  return group?.attributes.find((attribute) => attribute.name === name)?.values ?? [];
}

/** The attribute's first integer or enum. */
export function integerOf(group: IppGroup | undefined, name: string): number | undefined {
  for (const value of valuesOf(group, name)) {
    if (value.type === 'integer' || value.type === 'enum') return value.value;
  }
  return undefined;
}

export function integersOf(group: IppGroup | undefined, name: string): readonly number[] {
  return valuesOf(group, name).flatMap((value) =>
    value.type === 'integer' || value.type === 'enum' ? [value.value] : [],
  );
}

export function booleanOf(group: IppGroup | undefined, name: string): boolean | undefined {
  const [value] = valuesOf(group, name);
  return value?.type === 'boolean' ? value.value : undefined;
}

export function rangeEndOf(group: IppGroup | undefined, name: string): number | undefined {
  const [value] = valuesOf(group, name);
  return value?.type === 'range' ? value.to : undefined;
}

const dotsPerInch = 3;

/** Resolutions that are alike both ways and told in dots per inch. */
export function resolutionsOf(group: IppGroup | undefined, name: string): readonly number[] {
  return valuesOf(group, name).flatMap((value) =>
    value.type === 'resolution' && value.unit === dotsPerInch && value.x === value.y ? [value.x] : [],
  );
}

/** Every textual value of the attribute, whichever textual tag it carries. */
export function textsOf(group: IppGroup | undefined, name: string): readonly string[] {
  return valuesOf(group, name).flatMap((value) =>
    'value' in value && typeof value.value === 'string' ? [value.value] : [],
  );
}

export function textOf(group: IppGroup | undefined, name: string): string | undefined {
  return textsOf(group, name)[0];
}

export const integer = (name: string, value: number): IppAttribute => ({ name, values: [{ type: 'integer', value }] });

export const boolean = (name: string, value: boolean): IppAttribute => ({ name, values: [{ type: 'boolean', value }] });

export function text(
  type: 'charset' | 'naturalLanguage' | 'uri' | 'name' | 'keyword' | 'mimeMediaType',
  name: string,
  ...values: readonly string[]
): IppAttribute {
  return { name, values: values.map((value) => ({ type, value })) };
}
