// The drawing component writes DMN 1.3; the hub reads 1.3 to 1.5, which differ in their names of schemas and in
// expressions that 1.3 has not. A model keeps the version it came in.
const DRAWN = '20191111';
const VERSION = /(https:\/\/www\.omg\.org\/spec\/DMN\/)(\d{8})(\/(?:MODEL|DMNDI|FEEL)\/)/g;

/** The version of a model; that of the drawing component where it names none. */
export function versionOf(xml: string): string {
  const found = [...xml.matchAll(VERSION)].find(([, , , part]) => part === '/MODEL/');
  return found?.[2] ?? DRAWN;
}

export const toDrawn = (xml: string): string => xml.replace(VERSION, `$1${DRAWN}$3`);

export const fromDrawn = (xml: string, version: string): string => xml.replace(VERSION, `$1${version}$3`);
