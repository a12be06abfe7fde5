// A list as a file for a spreadsheet: fetched in the reader's language, handed to the browser.
import { useMutation } from '@tanstack/react-query';
import { Alert, Dropdown } from 'antd';
import { useTranslation } from 'react-i18next';

import { fileOf } from '../api/exports';
import { Trouble } from './Trouble';

interface Props {
  list: 'instances' | 'orders' | 'tasks' | 'dead-letters' | 'effects' | 'audit';
  /** As the list is filtered now. */
  filter?: Record<string, string | undefined>;
}

export function ExportButton({ list, filter = {} }: Props) {
  const { t } = useTranslation();
  const fetched = useMutation({ mutationFn: (kind: string) => fileOf(list, { ...filter, format: kind }) });
  return (
    <span data-action={`export-${list}`}>
      <Dropdown.Button
        loading={fetched.isPending}
        onClick={() => fetched.mutate('xlsx')}
        menu={{
          items: [
            { key: 'xlsx', label: t('common.exportExcel') },
            { key: 'csv', label: t('common.exportCsv') },
          ],
          onClick: ({ key }) => fetched.mutate(key),
        }}
        buttonsRender={([left, right]) => [left, <span key="more" aria-label={t('common.exportKinds')}>{right}</span>]}
      >
        {t('common.export')}
      </Dropdown.Button>
      {fetched.data?.isPart && <Alert type="warning" showIcon title={t('common.exportPart')} data-ready="export-part" />}
      {fetched.error && <Trouble error={fetched.error} />}
    </span>
  );
}
