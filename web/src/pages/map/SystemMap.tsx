// The map: a shaft in the middle, a belt to every system; what runs along a belt are real calls and events.
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { System } from '../../api/systems';
import { useLanguage } from '../../i18n';
import { useMode } from '../../theme';
import { looksOf } from '../../widgets/states';
import { count } from '../../widgets/time';
import { HubTile } from './HubTile';
import { planOf, type Place, TILE } from './layout';
import { lookOfSystem } from './states';
import { SystemTile } from './SystemTile';

const NARROW = 920;

export function SystemMap({ systems }: { systems: System[] }) {
  const { t } = useTranslation();
  const stage = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = stage.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const plan = planOf(systems.length, width);
  return (
    <div ref={stage} className="map panel" data-ready="map">
      {width > 0 && width < NARROW && (
        <div className="map-narrow">
          <HubTile />
          {systems.map((system) => (
            <SystemTile key={system.name} system={system} />
          ))}
        </div>
      )}
      {width >= NARROW && (
        <div className="map-stage" style={{ height: plan.height }}>
          <svg width={plan.width} height={plan.height} role="img" aria-label={t('map.drawing')}>
            {systems.map((system, index) => {
              const place = plan.places[index];
              return place && <Belt key={system.name} system={system} place={place} />;
            })}
          </svg>
          <div
            className="at"
            style={{ left: plan.hub.x, top: plan.hub.y, width: plan.hub.width, height: plan.hub.height }}
          >
            <HubTile />
          </div>
          {systems.map((system, index) => {
            const place = plan.places[index];
            return (
              place && (
                <div
                  key={system.name}
                  className="at"
                  style={{ left: place.x, top: place.y, width: TILE.width, height: TILE.height }}
                >
                  <SystemTile system={system} />
                </div>
              )
            );
          })}
        </div>
      )}
    </div>
  );
}

interface Pulse {
  id: number;
  path: string;
}

function Belt({ system, place }: { system: System; place: Place }) {
  const { mode } = useMode();
  const { language } = useLanguage();
  const state = lookOfSystem(system);
  const look = looksOf(mode)[state];
  const pulses = usePulses(system, place);
  const still = state === 'failed' || state === 'paused';
  const { x, y } = place.middle;
  const lit = state === 'done' ? 'belt lit' : 'belt';
  return (
    <g>
      <path d={place.belt} className={lit} stroke={look.line} strokeDasharray={look.dash} />
      {pulses.map((pulse) => (
        <circle key={pulse.id} r={4.5} className="pulse" fill={look.line} style={{ offsetPath: `path("${pulse.path}")` }} />
      ))}
      {still ? (
        <g transform={`translate(${x} ${y})`} className="stop">
          <circle r={13} fill={look.paper} stroke={look.line} strokeWidth={2} />
          {state === 'failed' ? (
            <path d="M -5 -5 L 5 5 M 5 -5 L -5 5" stroke={look.line} strokeWidth={2.5} />
          ) : (
            <path d="M -3.5 -5 V 5 M 3.5 -5 V 5" stroke={look.line} strokeWidth={3} />
          )}
        </g>
      ) : (
        <>
          <Flow x={x} y={y - 12} value={count(system.calls, language)} to={place.side} />
          <Flow x={x} y={y + 21} value={count(system.events, language)} to={place.side === 'left' ? 'right' : 'left'} />
        </>
      )}
    </g>
  );
}

/** A figure with an arrow in the direction it went. */
function Flow({ x, y, value, to }: { x: number; y: number; value: string; to: 'left' | 'right' }) {
  return (
    <text x={x} y={y} textAnchor="middle" className="flow number">
      {to === 'left' ? `← ${value}` : `${value} →`}
    </text>
  );
}

/** A point runs along the belt for what has come since the last look: three at most, they stand for more. */
function usePulses(system: System, place: Place): Pulse[] {
  const [pulses, setPulses] = useState<Pulse[]>([]);
  const last = useRef({ calls: system.calls, events: system.events });
  const next = useRef(0);
  useEffect(() => {
    const calls = Math.min(Math.max(system.calls - last.current.calls, 0), 3);
    const events = Math.min(Math.max(system.events - last.current.events, 0), 3);
    last.current = { calls: system.calls, events: system.events };
    const timers: ReturnType<typeof setTimeout>[] = [];
    const send = (path: string, number: number) => {
      for (let index = 0; index < number; index += 1) {
        timers.push(
          setTimeout(() => {
            next.current += 1;
            const pulse = { id: next.current, path };
            setPulses((known) => [...known.slice(-8), pulse]);
          }, index * 220),
        );
      }
    };
    send(place.belt, calls);
    send(place.back, events);
    return () => timers.forEach(clearTimeout);
    // The path of a pulse under way stays as it was when it set off.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [system.calls, system.events]);
  return pulses;
}
