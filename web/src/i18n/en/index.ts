import type { Shape } from '../shape';
import type { zh } from '../zh';
import { common } from './common';
import { deadLetters } from './deadLetters';
import { instances } from './instances';
import { map } from './map';
import { session } from './session';
import { trace } from './trace';
import { unknown } from './unknown';

export const en: Shape<typeof zh> = { ...common, session, map, deadLetters, unknown, trace, instances };
