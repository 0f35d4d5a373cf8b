/** `11010119900307001X` → `110***********001X`: what guards may see of a number. */
export function maskNumber(number: string): string {
  const characters = Array.from(number);
  if (characters.length <= 7) return '*'.repeat(characters.length);
  return `${characters.slice(0, 3).join('')}${'*'.repeat(characters.length - 7)}${characters.slice(-4).join('')}`;
}

/** `张三` → `张*`, `欧阳小明` → `欧**明`, `Maria Silva` → `M**** S****`. */
export function maskName(name: string): string {
  const trimmed = name.trim();
  if (/^[\p{Script=Latin}\s.'-]+$/u.test(trimmed)) {
    return trimmed.replace(
      /(\p{L})[\p{L}.'-]*/gu,
      (word: string) => `${Array.from(word)[0] ?? ''}${'*'.repeat(Math.max(0, Array.from(word).length - 1))}`,
    );
  }
  const characters = Array.from(trimmed);
  if (characters.length <= 1) return '*';
  if (characters.length === 2) return `${characters[0] ?? ''}*`;
  return `${characters[0] ?? ''}${'*'.repeat(characters.length - 2)}${characters.at(-1) ?? ''}`;
}
