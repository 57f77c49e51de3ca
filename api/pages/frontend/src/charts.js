// The drawn SVG stays what it is; ECharts lays the same figures over it so that the pointer can read them.
import * as echarts from 'echarts/core';
import {BarChart, LineChart} from 'echarts/charts';
import {AriaComponent, GridComponent, MarkPointComponent, TooltipComponent} from 'echarts/components';
import {SVGRenderer} from 'echarts/renderers';

echarts.use([BarChart, LineChart, AriaComponent, GridComponent, MarkPointComponent, TooltipComponent, SVGRenderer]);

const token = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const palette = () => ['--d1', '--d2', '--d3', '--d4', '--d5', '--d6', '--d8', '--d7'].map(token);

function text(value, digits) {
  if (value == null) return 'NE';
  return value.toLocaleString('en-US', {minimumFractionDigits: digits, maximumFractionDigits: digits}).replace('-', '\u2212');
}

function options({kind, years, series, unit, digits, marks, sparse}) {
  const ink = token('--ink'), soft = token('--ink-2'), line = token('--line');
  const label = {color: soft, fontSize: 12, fontFamily: token('--sans')};
  const stacked = kind === 'stack';
  return {
    animation: false,
    color: palette(),
    aria: {enabled: false, decal: {show: stacked && series.length > 3}},
    grid: {left: 2, right: 16, top: 30, bottom: 4, containLabel: true},
    tooltip: {
      trigger: 'axis', confine: true, backgroundColor: token('--sheet'), borderColor: token('--line-2'), borderRadius: 2, padding: [6, 10],
      textStyle: {color: ink, fontSize: 12, fontFamily: token('--sans')}, extraCssText: 'box-shadow:none',
      axisPointer: {type: stacked ? 'shadow' : 'line', lineStyle: {color: token('--line-2')}},
      valueFormatter: value => text(value, digits) + ' ' + unit,
    },
    xAxis: {type: 'category', data: years.map(String), boundaryGap: stacked, axisTick: {show: false}, axisLine: {lineStyle: {color: ink}}, axisLabel: {...label, hideOverlap: true}},
    yAxis: {type: 'value', splitLine: {lineStyle: {color: line}}, axisLabel: {...label, formatter: value => value.toLocaleString('en-US').replace('-', '\u2212')}},
    series: series.map(one => stacked
      ? {name: one.name, type: 'bar', stack: 'all', data: one.values, barMaxWidth: 46, barCategoryGap: '35%'}
      : {
        name: one.name, type: 'line', data: one.values, symbol: 'circle', symbolSize: 5, showSymbol: sparse || one.values.length < 3,
        lineStyle: {width: sparse ? 1 : 2, type: sparse ? 'dashed' : 'solid'}, connectNulls: Boolean(sparse),
        markPoint: {
          symbol: 'circle', symbolSize: 8, itemStyle: {color: token('--paper'), borderColor: token('--d1'), borderWidth: 2},
          label: {position: 'top', distance: 8, color: ink, fontWeight: 600, fontSize: 12, fontFamily: token('--sans')},
          data: (marks || []).map(mark => ({coord: [String(mark.year), mark.value], value: mark.text, label: {formatter: mark.text, align: mark.align}})),
        },
      }),
  };
}

export function mount(root) {
  root.querySelectorAll('[data-chart]').forEach(frame => {
    const old = frame.querySelector('.live');
    if (old) old.remove(); // a page restored from history carries a drawing without its chart
    const data = JSON.parse(document.getElementById(frame.dataset.chart).textContent);
    const stage = document.createElement('div');
    stage.className = 'live noprint';
    stage.setAttribute('aria-hidden', 'true');
    frame.append(stage);
    frame.dataset.ready = '1';
    const chart = echarts.init(stage, null, {renderer: 'svg'});
    chart.setOption(options(data));
    new ResizeObserver(() => chart.resize()).observe(stage);
  });
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => mount(document));
