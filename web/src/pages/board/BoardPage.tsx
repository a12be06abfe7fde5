// The board of all orders: on a screen at the wall, or at the boss's desk. Every figure leads to its orders.
import { FullscreenExitOutlined, FullscreenOutlined } from '@ant-design/icons';
import { Alert, Button } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';

import { FIGURES, type Figure, useBoard } from '../../api/board';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';
import { Moment } from '../../widgets/time';
import { Figures } from './Figures';
import { KpiPanel } from './KpiPanel';
import { Kpis } from './Kpis';
import { Orders } from './Orders';
import { Stages } from './Stages';
import './board.css';

export interface Chosen {
  figure: Figure;
  stage?: string | undefined;
}

export function Component() {
  const { t } = useTranslation();
  const board = useBoard();
  const [params, setParams] = useSearchParams();
  const figure = FIGURES.find((each) => each === params.get('figure'));
  const stage = params.get('stage') ?? undefined;
  const chosen: Chosen | undefined = figure && { figure, stage };
  const choose = (wanted: Chosen | undefined) =>
    setParams(wanted ? { figure: wanted.figure, ...(wanted.stage ? { stage: wanted.stage } : {}) } : {});
  const kpi = params.get('kpi') ?? undefined;
  const wall = useRef<HTMLDivElement>(null);
  return (
    <div className="board" ref={wall}>
      <PageHead
        title={t('board.title')}
        about={
          board.data && (
            <span role="status">
              {t('board.counted')} <Moment at={board.data.at} />
            </span>
          )
        }
      >
        <WholeScreen of={wall} />
      </PageHead>
      <Listing query={board} isEmpty={(data) => data.stages.length === 0} empty={t('board.none')} rows={8}>
        {(data) => (
          <div data-ready="board">
            {!data.complete && <Alert type="info" showIcon title={t('board.incomplete')} className="board-note" />}
            <Figures board={data} chosen={chosen} choose={choose} />
            <Stages stages={data.stages} chosen={chosen} choose={choose} />
            <Kpis chosen={kpi} choose={(name) => setParams(name ? { kpi: name } : {})} />
            {chosen && <Orders board={data} chosen={chosen} close={() => choose(undefined)} />}
          </div>
        )}
      </Listing>
      {kpi && <KpiPanel name={kpi} close={() => setParams({})} />}
    </div>
  );
}

function WholeScreen({ of }: { of: React.RefObject<HTMLDivElement | null> }) {
  const { t } = useTranslation();
  const [whole, setWhole] = useState(false);
  useEffect(() => {
    const changed = () => setWhole(document.fullscreenElement !== null);
    document.addEventListener('fullscreenchange', changed);
    return () => document.removeEventListener('fullscreenchange', changed);
  }, []);
  if (!document.fullscreenEnabled) return null;
  return (
    <Button
      icon={whole ? <FullscreenExitOutlined /> : <FullscreenOutlined />}
      onClick={() => void (whole ? document.exitFullscreen() : of.current?.requestFullscreen())}
    >
      {t(whole ? 'board.leave' : 'board.whole')}
    </Button>
  );
}
