// The active release; out to a file for another environment, and in from one, compared before it counts.
import { Alert, Button, Space, Table, Upload } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type Release, type ReleaseExport, useRelease } from '../../api/admin';
import { useMay } from '../../api/session';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';
import { Moment } from '../../widgets/time';
import { ImportPanel } from './ImportPanel';

type File = Release['files'][number];

export function ReleasesPage() {
  const { t } = useTranslation();
  const mayExport = useMay('config.export');
  const mayImport = useMay('config.import');
  const releases = useRelease();
  const [chosen, setChosen] = useState<ReleaseExport>();
  const [unreadable, setUnreadable] = useState(false);
  const take = (file: Blob) => {
    void file.text().then((content) => {
      const found = read(content);
      setUnreadable(found === undefined);
      setChosen(found);
    });
    return false;
  };
  return (
    <>
      <PageHead title={t('menu.releases')} about={t('releases.about')}>
        <Space>
          {mayExport && (
            <Button href="/api/v1/releases/active/export" data-action="export">
              {t('releases.export')}
            </Button>
          )}
          {mayImport && (
            <Upload accept=".json,application/json" showUploadList={false} beforeUpload={take}>
              <Button type="primary" data-action="import">
                {t('releases.import')}
              </Button>
            </Upload>
          )}
        </Space>
      </PageHead>
      {unreadable && (
        <Alert type="error" showIcon title={t('releases.unreadable')} data-ready="unreadable" style={{ marginBottom: 12 }} />
      )}
      {chosen && <ImportPanel key={chosen.release} release={chosen} close={() => setChosen(undefined)} />}
      <Listing query={releases} isEmpty={(rows) => rows.length === 0} empty={t('releases.none')}>
        {([active]) =>
          active && (
            <>
              <p>
                <code>{active.id.slice(0, 12)}</code> · {active.created_by} · <Moment at={active.created_at} />
                {active.note && ` · ${active.note}`}
              </p>
              <Table<File>
                rowKey={pathOf}
                size="small"
                pagination={false}
                dataSource={active.files}
                data-ready="release"
                columns={[
                  {
                    title: t('releases.file'),
                    render: (_, each) => (
                      <a href={`/api/v1/releases/active/files/${pathOf(each)}`}>{pathOf(each)}</a>
                    ),
                  },
                ]}
              />
            </>
          )
        }
      </Listing>
    </>
  );
}

function pathOf(file: File): string {
  return file.kind === 'pack' ? file.name : `${file.kind}/${file.name}`;
}

function read(content: string): ReleaseExport | undefined {
  try {
    const found: unknown = JSON.parse(content);
    return typeof found === 'object' && found !== null && 'release' in found && 'files' in found
      ? (found as ReleaseExport)
      : undefined;
  } catch {
    return undefined;
  }
}

export const Component = ReleasesPage;
