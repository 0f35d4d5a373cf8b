/**
 * RFC 4180, with a mark by which spreadsheets know UTF-8. What a spreadsheet would take for a formula becomes text
 * (OWASP, CSV injection): a name is whatever somebody was called.
 */
export const csv = (rows: readonly (readonly string[])[]): string =>
  `\uFEFF${rows.map((row) => `${row.map(field).join(',')}\r\n`).join('')}`;

function field(text: string): string {
  const safe = /^[=+\-@＝＋－＠\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
