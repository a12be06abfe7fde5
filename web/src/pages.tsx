// The pages: each area is a folder below pages/, loaded when somebody goes there. Menu and routes are made from this.
import {
  AlertOutlined,
  ApartmentOutlined,
  AuditOutlined,
  BellOutlined,
  CloudUploadOutlined,
  FileSearchOutlined,
  KeyOutlined,
  LockOutlined,
  PartitionOutlined,
  QuestionCircleOutlined,
  SendOutlined,
  SolutionOutlined,
  TeamOutlined,
} from '@ant-design/icons';
import type { ComponentType, ReactNode } from 'react';

import type { Right } from './api/session';

type Lazy = () => Promise<{ Component: ComponentType }>;

export interface PageEntry {
  /** Word of the menu: `menu.…`; none where a page is not in the menu. */
  word?:
    | 'map'
    | 'trace'
    | 'instances'
    | 'deadLetters'
    | 'unknown'
    | 'alerts'
    | 'proposals'
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
  figure?: 'dead' | 'unknown';
  routes: { path: string; lazy: Lazy }[];
}

const map: Lazy = async () => ({ Component: (await import('./pages/map/MapPage')).MapPage });
const trace: Lazy = async () => ({ Component: (await import('./pages/trace/TracePage')).TracePage });
const instances: Lazy = async () => ({ Component: (await import('./pages/instances/InstancesPage')).InstancesPage });
const instance: Lazy = async () => ({ Component: (await import('./pages/instances/InstancePage')).InstancePage });
const deadLetters: Lazy = async () => ({
  Component: (await import('./pages/dead-letters/DeadLettersPage')).DeadLettersPage,
});
const unknown: Lazy = async () => ({ Component: (await import('./pages/unknown/UnknownPage')).UnknownPage });
const proposals: Lazy = () => import('./pages/proposals/ProposalsPage');
const people: Lazy = () => import('./pages/people/PeoplePage');
const tokens: Lazy = () => import('./pages/tokens/TokensPage');
const alerts: Lazy = () => import('./pages/alerts/AlertsPage');
const releases: Lazy = () => import('./pages/releases/ReleasesPage');
const secrets: Lazy = () => import('./pages/secrets/SecretsPage');
const subscriptions: Lazy = () => import('./pages/subscriptions/SubscriptionsPage');
const audit: Lazy = () => import('./pages/audit/AuditPage');
export const notFound: Lazy = async () => ({ Component: (await import('./pages/not-found/NotFoundPage')).NotFoundPage });

export const PAGES: PageEntry[] = [
  { word: 'map', icon: <ApartmentOutlined />, path: '/', right: 'read', routes: [{ path: '/', lazy: map }] },
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
    word: 'releases',
    icon: <CloudUploadOutlined />,
    path: '/releases',
    right: 'releases.read',
    routes: [{ path: '/releases', lazy: releases }],
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
