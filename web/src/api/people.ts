// People and what they may do, tokens, the audit log, what waits for a second person.
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type User = Schemas['UserView'];
export type Role = Schemas['RoleView'];
export type RoleMatrix = Schemas['RoleMatrixView'];
export type Department = Schemas['DepartmentView'];
export type Position = Schemas['PositionView'];
export type Token = Schemas['TokenView'];
export type AuditLine = Schemas['AuditLineView'];
export type AuditVerdict = Schemas['AuditVerdictView'];
export type Proposal = Schemas['ProposalView'];

export function useUsers() {
  return useInfiniteQuery({
    queryKey: ['people', 'users'],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        api.GET('/api/v1/users', {
          params: { query: { limit: 100, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next ?? null,
  });
}

export function useRoles() {
  return useQuery({
    queryKey: ['people', 'roles'],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/roles', { signal })),
  });
}

export function useDepartments() {
  return useQuery({
    queryKey: ['people', 'departments'],
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/v1/departments', { signal }))).items,
  });
}

export function usePositions() {
  return useQuery({
    queryKey: ['people', 'positions'],
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/v1/positions', { signal }))).items,
  });
}

function useChange<B, A>(key: string, change: (body: B) => Promise<A>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => queries.invalidateQueries({ queryKey: [key] }),
  });
}

export const useAddUser = () =>
  useChange('people', (body: Schemas['NewUser']) => answerOf(api.POST('/api/v1/users', { body })));

export const useChangeUser = () =>
  useChange('people', ({ login, ...body }: Schemas['UserChange'] & { login: string }) =>
    answerOf(api.PATCH('/api/v1/users/{login}', { params: { path: { login } }, body })),
  );

export const useResetPassword = () =>
  useChange('people', (login: string) =>
    answerOf(api.PUT('/api/v1/users/{login}/password', { params: { path: { login } }, body: {} })),
  );

export const useEndCode = () =>
  useChange('people', (login: string) =>
    answerOf(api.DELETE('/api/v1/users/{login}/totp', { params: { path: { login } } })),
  );

export const useOfferCode = () => useMutation({ mutationFn: () => answerOf(api.POST('/api/v1/me/totp')) });

export const useConfirmCode = () =>
  useMutation({ mutationFn: (body: Schemas['Confirmation']) => answerOf(api.PUT('/api/v1/me/totp', { body })) });

export const useOwnChannel = () =>
  useQuery({ queryKey: ['own-channel'], queryFn: ({ signal }) => answerOf(api.GET('/api/v1/me/channel', { signal })) });

export function useChooseChannel() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas['ChannelWish']) => answerOf(api.PUT('/api/v1/me/channel', { body })),
    onSuccess: (kept) => queries.setQueryData(['own-channel'], kept),
  });
}

export const usePutDepartment = () =>
  useChange('people', ({ id, ...body }: Schemas['DepartmentWish'] & { id: string }) =>
    answerOf(
      api.PUT('/api/v1/departments/{department_id}', { params: { path: { department_id: id } }, body }),
    ),
  );

export const usePutPosition = () =>
  useChange('people', ({ id, ...body }: Schemas['PositionWish'] & { id: string }) =>
    answerOf(api.PUT('/api/v1/positions/{position_id}', { params: { path: { position_id: id } }, body })),
  );

export const useRemovePosition = () =>
  useChange('people', (id: string) =>
    answerOf(api.DELETE('/api/v1/positions/{position_id}', { params: { path: { position_id: id } } })),
  );

export const usePutRole = () =>
  useChange('people', ({ id, ...body }: Schemas['RoleWish'] & { id: string }) =>
    answerOf(api.PUT('/api/v1/roles/{role_id}', { params: { path: { role_id: id } }, body })),
  );

export const useRemoveRole = () =>
  useChange('people', (id: string) =>
    answerOf(api.DELETE('/api/v1/roles/{role_id}', { params: { path: { role_id: id } } })),
  );

export const useChoosePassword = () =>
  useChange('session', (body: Schemas['NewPassword']) => answerOf(api.PUT('/api/v1/me/password', { body })));

export function useTokens() {
  return useQuery({
    queryKey: ['tokens'],
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/v1/tokens', { signal }))).items,
  });
}

export const useMakeToken = () =>
  useChange('tokens', (body: Schemas['NewToken']) => answerOf(api.POST('/api/v1/tokens', { body })));

export const useRotateToken = () =>
  useChange('tokens', (id: string) =>
    answerOf(
      api.POST('/api/v1/tokens/{token_id}/rotate', {
        params: { path: { token_id: id } },
        body: { overlap_s: 86_400 },
      }),
    ),
  );

export const useEndToken = () =>
  useChange('tokens', (id: string) =>
    answerOf(api.DELETE('/api/v1/tokens/{token_id}', { params: { path: { token_id: id } } })),
  );

export interface AuditFilter {
  actor?: string;
  subject?: string;
  action?: string;
  since?: string;
  until?: string;
}

export function useAudit(filter: AuditFilter) {
  return useInfiniteQuery({
    queryKey: ['audit', filter],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        api.GET('/api/v1/audit', {
          params: { query: { limit: 100, ...filter, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next ?? null,
  });
}

export const useCheckAudit = () =>
  useMutation({ mutationFn: () => answerOf(api.POST('/api/v1/audit/check', { body: {} })) });

export function useProposals() {
  return useQuery({
    queryKey: ['proposals'],
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/v1/proposals', { signal }))).items,
    refetchInterval: 15_000,
  });
}

export const useDecide = () =>
  useChange('proposals', ({ id, approve, note }: { id: string; approve: boolean; note: string }) => {
    const asked = { params: { path: { proposal_id: id } }, body: { note } };
    return approve
      ? answerOf(api.POST('/api/v1/proposals/{proposal_id}/approve', asked))
      : answerOf(api.POST('/api/v1/proposals/{proposal_id}/reject', asked));
  });

export function useProposedRelease(id: string) {
  return useQuery({
    queryKey: ['proposals', id, 'comparison'],
    queryFn: ({ signal }) =>
      answerOf(
        api.GET('/api/v1/proposals/{proposal_id}/comparison', { params: { path: { proposal_id: id } }, signal }),
      ),
  });
}
