// What other systems said, without the hub's own prefixes and codes: the page says in which system it was.
export function saidOf(said: string | null | undefined): string {
  return (said ?? '').replace(/^[\w-]+(, |,)[\w.-]+(: |:)/, '').replace(/\s*\[[\w.:-]{1,40}\]$/, '');
}

/** Who did something: the name before the reason that is kept with it. */
export function doerOf(by: string | null | undefined): { name: string; reason: string } {
  const [name = '', ...rest] = (by ?? '').split(': ');
  return { name, reason: rest.join(': ') };
}
