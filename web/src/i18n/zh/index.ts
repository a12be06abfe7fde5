// The source of all words: one file per area. Add an area here and in ../en/index.ts.
import { audit } from './audit';
import { people } from './people';
import { proposals } from './proposals';
import { alerts } from './alerts';
import { bindings } from './bindings';
import { board } from './board';
import { design } from './design';
import { releases } from './releases';
import { secrets } from './secrets';
import { subscriptions } from './subscriptions';
import { tokens } from './tokens';
import { common } from './common';
import { deadLetters } from './deadLetters';
import { flows } from './flows';
import { inbox } from './inbox';
import { instances } from './instances';
import { processes } from './processes';
import { licences } from './licences';
import { requests } from './requests';
import { form } from './form';
import { map } from './map';
import { mapping } from './mapping';
import { session } from './session';
import { system } from './system';
import { trace } from './trace';
import { unknown } from './unknown';

export const zh = { ...common, session, form, licences, requests, map, mapping, deadLetters, unknown, trace, inbox, flows, processes, instances, audit, design, people, proposals, tokens, alerts, board, releases, secrets, subscriptions, bindings, system } as const;
