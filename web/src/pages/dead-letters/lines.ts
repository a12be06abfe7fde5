// How two texts differ, line by line.

/** How many lines of `after` do not stand in `before`, or the other way round, whichever is more. */
export function linesChanged(before: string, after: string): number {
  const old = before.split('\n');
  const now = after.split('\n');
  return Math.max(missing(now, old), missing(old, now));
}

function missing(lines: string[], among: string[]): number {
  const left = new Map<string, number>();
  for (const line of among) left.set(line, (left.get(line) ?? 0) + 1);
  let count = 0;
  for (const line of lines) {
    const number = left.get(line) ?? 0;
    if (number > 0) left.set(line, number - 1);
    else count += 1;
  }
  return count;
}

/** The line of `text` where the browser's parser stumbles; undefined where it is sound. */
export function badLine(text: string): number | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (problem) {
    const said = problem instanceof Error ? problem.message : '';
    const at = /position (\d+)/.exec(said)?.[1];
    const line = /line (\d+)/.exec(said)?.[1];
    if (line) return Number(line);
    return at ? text.slice(0, Number(at)).split('\n').length : text.split('\n').length;
  }
}
