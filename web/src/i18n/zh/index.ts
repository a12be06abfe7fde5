// The source of all words: one file per area. Add an area here and in ../en/index.ts.
import { audit } from './audit';
import { people } from './people';
import { proposals } from './proposals';
import { alerts } from './alerts';
import { releases } from './releases';
import { secrets } from './secrets';
import { subscriptions } from './subscriptions';
import { tokens } from './tokens';
import { common } from './common';
import { deadLetters } from './deadLetters';
import { instances } from './instances';
import { map } from './map';
import { session } from './session';
import { trace } from './trace';
import { unknown } from './unknown';

export const zh = { ...common, session, map, deadLetters, unknown, trace, instances, audit, people, proposals, tokens, alerts, releases, secrets, subscriptions } as const;
