/** Topics and filters of MQTT 3.1.1, 4.7. Pure. */

const LONGEST_BYTES = 65_535;

/** Well formed: `+` and `#` alone in their level, `#` at the end, no NUL. A topic without wildcards is a filter as well. */
export function isTopicFilter(text: string): boolean {
  if (text === '' || text.includes('\0') || Buffer.byteLength(text) > LONGEST_BYTES) return false;
  const levels = text.split('/');
  return levels.every(
    (level, index) =>
      level === '+' || (level === '#' && index === levels.length - 1) || !(level.includes('+') || level.includes('#')),
  );
}

/** Whether a message on `topic` goes to a subscriber of `filter`. Wildcards at the front leave `$…` topics out (4.7.2). */
export function matchesFilter(filter: string, topic: string): boolean {
  return !/[+#]/.test(topic) && covers(filter, topic);
}

/** Whether every topic that `inner` matches is matched by `outer` too. */
export function covers(outer: string, inner: string): boolean {
  if (/^[+#]/.test(outer) && inner.startsWith('$')) return false;
  const wide = outer.split('/');
  const narrow = inner.split('/');
  for (let level = 0; level < wide.length; level++) {
    // `a/#` also matches `a` itself.
    if (wide[level] === '#') return true;
    if (level >= narrow.length || narrow[level] === '#') return false;
    if (wide[level] !== '+' && wide[level] !== narrow[level]) return false;
  }
  return wide.length === narrow.length;
}
