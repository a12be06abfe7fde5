// What an operator may do to a run; each move says what it will do and asks for a reason, which its history shows.
import { DownOutlined, RedoOutlined, StopOutlined } from '@ant-design/icons';
import { Button, Dropdown } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { InstanceDetail } from '../../api/instances';
import { type AskedMove, MoveDialog } from './MoveDialog';

interface Props {
  run: InstanceDetail;
  name: string;
  /** The element that is chosen in the diagram or the table. */
  selected: string | undefined;
  named: (element: string) => string;
}

export function Moves({ run, name, selected, named }: Props) {
  const { t } = useTranslation();
  const [asking, ask] = useState<AskedMove>();
  const { status } = run.instance;
  if (['completed', 'terminated'].includes(status)) return null;
  const isHere = run.nodes.some((node) => node.element === selected && node.here > 0);
  const about = selected ? named(selected) : '';
  const items: { key: AskedMove; label: string; disabled?: boolean }[] = [
    status === 'active' ? { key: 'suspend', label: t('instances.moves.suspend') } : { key: 'resume', label: t('instances.moves.resume') },
    { key: 'variables', label: t('instances.moves.variables') },
    { key: 'skip', label: about ? t('instances.moves.skipThis', { title: about }) : t('instances.moves.skip'), disabled: !isHere },
    { key: 'leave', label: about ? t('instances.moves.leaveThis', { title: about }) : t('instances.moves.leave'), disabled: !isHere },
    { key: 'begin', label: about ? t('instances.moves.beginThis', { title: about }) : t('instances.moves.begin'), disabled: !selected },
  ];
  return (
    <>
      {run.incidents[0] && (
        <Button type="primary" icon={<RedoOutlined />} onClick={() => ask('resolve')}>
          {t('instances.resolve')}
        </Button>
      )}
      <Dropdown trigger={['click']} menu={{ items, onClick: ({ key }) => ask(key as AskedMove) }}>
        <Button data-action="moves">
          {t('instances.moves.title')} <DownOutlined />
        </Button>
      </Dropdown>
      <Button danger icon={<StopOutlined />} onClick={() => ask('cancel')} data-action="cancel-run">
        {t('instances.cancel')}
      </Button>
      {asking && (
        <MoveDialog run={run} name={name} move={asking} element={selected} title={about} close={() => ask(undefined)} />
      )}
    </>
  );
}
