// The pages: each area is a folder below pages/, loaded when somebody goes there. Menu and routes are made from this.
import {
  AlertOutlined,
  ApartmentOutlined,
  AuditOutlined,
  BellOutlined,
  CloudUploadOutlined,
  DashboardOutlined,
  DeploymentUnitOutlined,
  FileSearchOutlined,
  InboxOutlined,
  EditOutlined,
  FormOutlined,
  KeyOutlined,
  LinkOutlined,
  LockOutlined,
  PartitionOutlined,
  QuestionCircleOutlined,
  SendOutlined,
  SolutionOutlined,
  SyncOutlined,
  TeamOutlined,
} from '@ant-design/icons';
import type { ComponentType, ReactNode } from 'react';

import type { Right } from './api/session';

export type Lazy = () => Promise<{ Component: ComponentType }>;

export interface PageEntry {
  /** Word of the menu: `menu.…`; none where a page is not in the menu. */
  word?:
    | 'map'
    | 'board'
    | 'inbox'
    | 'requests'
    | 'trace'
    | 'processes'
    | 'instances'
    | 'flows'
    | 'deadLetters'
    | 'unknown'
    | 'bindings'
    | 'alerts'
    | 'proposals'
    | 'design'
    | 'releases'
    | 'people'
    | 'tokens'
    | 'secrets'
    | 'subscriptions'
    | 'audit';
  icon?: ReactNode;
  /** Where the menu leads. */
  path: string;
  right: Right;
  /** A figure of the overview that the menu shows beside the word. */
  figure?: 'dead' | 'unknown' | 'todo';
  routes: { path: string; lazy: Lazy }[];
}

const map: Lazy = async () => ({ Component: (await import('./pages/map/MapPage')).MapPage });
const board: Lazy = () => import('./pages/board/BoardPage');
const trace: Lazy = async () => ({ Component: (await import('./pages/trace/TracePage')).TracePage });
const inbox: Lazy = () => import('./pages/inbox/InboxPage');
const requests: Lazy = () => import('./pages/requests/RequestsPage');
const request: Lazy = () => import('./pages/requests/RequestPage');
const flows: Lazy = () => import('./pages/flows/FlowsPage');
const flow: Lazy = () => import('./pages/flows/FlowPage');
const processes: Lazy = () => import('./pages/processes/ProcessesPage');
const review: Lazy = () => import('./pages/processes/ReviewPage');
const processStats: Lazy = () => import('./pages/processes/ProcessStatsPage');
const system: Lazy = () => import('./pages/system/SystemPage');
const instances: Lazy = async () => ({ Component: (await import('./pages/instances/InstancesPage')).InstancesPage });
const instance: Lazy = async () => ({ Component: (await import('./pages/instances/InstancePage')).InstancePage });
const deadLetters: Lazy = async () => ({
  Component: (await import('./pages/dead-letters/DeadLettersPage')).DeadLettersPage,
});
const unknown: Lazy = async () => ({ Component: (await import('./pages/unknown/UnknownPage')).UnknownPage });
const bindings: Lazy = () => import('./pages/bindings/BindingsPage');
const proposals: Lazy = () => import('./pages/proposals/ProposalsPage');
const people: Lazy = () => import('./pages/people/PeoplePage');
const tokens: Lazy = () => import('./pages/tokens/TokensPage');
const alerts: Lazy = () => import('./pages/alerts/AlertsPage');
const design: Lazy = () => import('./pages/design/DesignPage');
const designer: Lazy = () => import('./pages/design/DesignerPage');
const decision: Lazy = () => import('./pages/design/DecisionPage');
const form: Lazy = () => import('./pages/design/FormPage');
const mapping: Lazy = () => import('./pages/design/MappingPage');
const manifest: Lazy = () => import('./pages/design/ManifestPage');
const licences: Lazy = () => import('./pages/licences/LicencesPage');
const releases: Lazy = () => import('./pages/releases/ReleasesPage');
const secrets: Lazy = () => import('./pages/secrets/SecretsPage');
const subscriptions: Lazy = () => import('./pages/subscriptions/SubscriptionsPage');
const audit: Lazy = () => import('./pages/audit/AuditPage');
export const notFound: Lazy = async () => ({ Component: (await import('./pages/not-found/NotFoundPage')).NotFoundPage });

export const PAGES: PageEntry[] = [
  {
    word: 'map',
    icon: <ApartmentOutlined />,
    path: '/',
    right: 'read',
    routes: [
      { path: '/', lazy: map },
      { path: '/systems/:name', lazy: system },
    ],
  },
  {
    word: 'board',
    icon: <DashboardOutlined />,
    path: '/board',
    right: 'documents.read',
    routes: [{ path: '/board', lazy: board }],
  },
  {
    word: 'inbox',
    icon: <InboxOutlined />,
    path: '/tasks',
    right: 'tasks.read',
    figure: 'todo',
    routes: [
      { path: '/tasks', lazy: inbox },
      { path: '/tasks/:instance/:token', lazy: inbox },
    ],
  },
  {
    word: 'requests',
    icon: <FormOutlined />,
    path: '/requests',
    right: 'requests.start',
    routes: [
      { path: '/requests', lazy: requests },
      { path: '/requests/:process', lazy: request },
    ],
  },
  {
    word: 'trace',
    icon: <FileSearchOutlined />,
    path: '/trace',
    right: 'read',
    routes: [
      { path: '/trace', lazy: trace },
      { path: '/trace/:number', lazy: trace },
    ],
  },
  {
    word: 'processes',
    icon: <DeploymentUnitOutlined />,
    path: '/processes',
    right: 'processes.read',
    routes: [
      { path: '/processes', lazy: processes },
      { path: '/processes/:id/stats', lazy: processStats },
      { path: '/processes/:id/review', lazy: review },
    ],
  },
  {
    word: 'flows',
    icon: <SyncOutlined />,
    path: '/flows',
    right: 'systems.read',
    routes: [
      { path: '/flows', lazy: flows },
      { path: '/flows/:name', lazy: flow },
    ],
  },
  {
    word: 'instances',
    icon: <PartitionOutlined />,
    path: '/instances',
    right: 'read',
    routes: [
      { path: '/instances', lazy: instances },
      { path: '/instances/:id', lazy: instance },
    ],
  },
  {
    word: 'deadLetters',
    icon: <AlertOutlined />,
    path: '/dead-letters',
    right: 'letters.read',
    figure: 'dead',
    routes: [
      { path: '/dead-letters', lazy: deadLetters },
      { path: '/dead-letters/:id', lazy: deadLetters },
    ],
  },
  {
    word: 'unknown',
    icon: <QuestionCircleOutlined />,
    path: '/unknown',
    right: 'effects.read',
    figure: 'unknown',
    routes: [{ path: '/unknown', lazy: unknown }],
  },
  {
    word: 'bindings',
    icon: <LinkOutlined />,
    path: '/bindings',
    right: 'bindings.read',
    routes: [{ path: '/bindings', lazy: bindings }],
  },
  {
    word: 'alerts',
    icon: <BellOutlined />,
    path: '/alerts',
    right: 'instances.read',
    routes: [{ path: '/alerts', lazy: alerts }],
  },
  {
    word: 'proposals',
    icon: <SolutionOutlined />,
    path: '/proposals',
    right: 'proposals.read',
    routes: [{ path: '/proposals', lazy: proposals }],
  },
  {
    word: 'design',
    icon: <EditOutlined />,
    path: '/design',
    right: 'releases.read',
    routes: [
      { path: '/design', lazy: design },
      { path: '/design/processes/:name', lazy: designer },
      { path: '/design/decisions/:name', lazy: decision },
      { path: '/design/forms/:name', lazy: form },
      { path: '/design/mappings/:name', lazy: mapping },
      { path: '/design/systems/:name', lazy: manifest },
    ],
  },
  {
    word: 'releases',
    icon: <CloudUploadOutlined />,
    path: '/releases',
    right: 'releases.read',
    routes: [{ path: '/releases', lazy: releases }],
  },
  {
    path: '/licences',
    right: 'read',
    routes: [{ path: '/licences', lazy: licences }],
  },
  {
    word: 'people',
    icon: <TeamOutlined />,
    path: '/people',
    right: 'people.read',
    routes: [{ path: '/people', lazy: people }],
  },
  {
    word: 'tokens',
    icon: <KeyOutlined />,
    path: '/tokens',
    right: 'tokens.manage',
    routes: [{ path: '/tokens', lazy: tokens }],
  },
  {
    word: 'secrets',
    icon: <LockOutlined />,
    path: '/secrets',
    right: 'secrets.manage',
    routes: [{ path: '/secrets', lazy: secrets }],
  },
  {
    word: 'subscriptions',
    icon: <SendOutlined />,
    path: '/subscriptions',
    right: 'administer',
    routes: [{ path: '/subscriptions', lazy: subscriptions }],
  },
  {
    word: 'audit',
    icon: <AuditOutlined />,
    path: '/audit',
    right: 'audit.read',
    routes: [{ path: '/audit', lazy: audit }],
  },
];
