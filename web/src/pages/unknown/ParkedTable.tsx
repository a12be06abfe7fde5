// What waits for a code, by the code that is missing.
import { Alert, Space, Table } from 'antd';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import type { MissingCode } from '../../api/effects';
import { useNames } from '../../widgets/names';
import { Ago } from '../../widgets/time';

const SHOWN = 8;

export function ParkedTable({ groups, more }: { groups: MissingCode[]; more: boolean }) {
  const { t } = useTranslation();
  const names = useNames();
  return (
    <>
      {more && <Alert type="info" banner title={t('unknown.more')} />}
      <Table<MissingCode>
        rowKey="reference"
        size="small"
        pagination={false}
        dataSource={groups}
        data-ready="parked"
        columns={[
          { title: t('unknown.missing'), render: (_, each) => names.missing(each) },
          {
            title: t('unknown.waiting'),
            render: (_, each) => (
              <Space size={[12, 2]} wrap>
                <strong className="number">{t('unknown.documents', { count: each.items.length })}</strong>
                {[...new Set(each.items.map((item) => item.business_key).filter((key) => key !== null))]
                  .slice(0, SHOWN)
                  .map((key) => (
                    <Link key={key} to={`/trace/${encodeURIComponent(key)}`}>
                      {key}
                    </Link>
                  ))}
                {each.items.length > SHOWN && '…'}
              </Space>
            ),
          },
          {
            title: t('unknown.since'),
            width: 140,
            align: 'right',
            render: (_, each) => <Ago at={each.items.at(-1)?.created_at ?? ''} />,
          },
        ]}
      />
    </>
  );
}
