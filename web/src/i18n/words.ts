import type { zh } from './zh';

// The same keys as the source, any text.
type Shape<T> = { readonly [K in keyof T]: T[K] extends string ? string : Shape<T[K]> };

export type Words = Shape<typeof zh>;
