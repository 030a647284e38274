/** The report's style sheet: two palettes, one column, aligned figures. Series colours after Okabe and Ito 2008. */
export const STYLE = `
:root{color-scheme:light dark;
--bg:#fcfcfa;--card:#fff;--ink:#1c1e21;--soft:#44484e;--muted:#696e75;--line:#dcdcd6;--grid:#e9e9e4;--shade:#f1f0ea;
--alarm:#b3400a;--alarm-bg:#fdf3ec;--warn:#8a6100;--warn-bg:#fdf7e6;--calm:#0b5f92;--calm-bg:#eef6fb;
--s1:#0072b2;--s2:#d55e00;--s3:#00825f;--s4:#a8497f;--s5:#a87400;--s6:#3f8fc4;--s7:#5b5b5b;--s8:#7a3db8;
--member:#8cc0e0;--nonmember:#b84a00}
@media (prefers-color-scheme:dark){:root{
--bg:#15171a;--card:#1c1f23;--ink:#e9e9e6;--soft:#c3c6ca;--muted:#979ca3;--line:#353a40;--grid:#2b2f34;--shade:#23262b;
--alarm:#ff9a5c;--alarm-bg:#2c1d14;--warn:#efc04a;--warn-bg:#2a2413;--calm:#7cc4f2;--calm-bg:#14242f;
--s1:#56b4e9;--s2:#f08a3c;--s3:#2fc498;--s4:#e08bbb;--s5:#e6b422;--s6:#9ad4f5;--s7:#b9bcc0;--s8:#b892ec;
--member:#2f6d94;--nonmember:#ffae6b}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 -apple-system,BlinkMacSystemFont,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans","Liberation Sans",Arial,sans-serif;font-variant-numeric:tabular-nums lining-nums;overflow-wrap:break-word}
main,header,footer{max-width:1000px;margin:0 auto;padding:0 28px}
h1,h2,h3{line-height:1.25;text-wrap:balance;margin:0}
h1,h2,.headline{font-family:Charter,"Bitstream Charter","Iowan Old Style","Palatino Linotype",Palatino,Georgia,"Liberation Serif",serif;font-weight:600;letter-spacing:-.005em}
h1{font-size:1.15rem;font-family:inherit;font-weight:600}
h2{font-size:1.5rem;margin:0 0 .35rem}
h3{font-size:1rem;font-weight:600}
p{margin:0 0 .75rem;max-width:68ch}
section{padding:2.4rem 0 0}
.lead{color:var(--soft)}
.muted{color:var(--muted)}
header{display:flex;gap:.7rem 1.2rem;align-items:center;flex-wrap:wrap;padding-top:1.7rem;padding-bottom:1.1rem}
.brand{display:flex;align-items:center;gap:.5rem;font-weight:650;letter-spacing:.01em}
.brand svg{display:block}
header .what{color:var(--muted);border-left:1px solid var(--line);padding-left:1.2rem}
.verdict{border:1px solid var(--line);border-left:6px solid var(--tone);background:var(--tone-bg);border-radius:6px;padding:1.5rem 1.7rem 1.1rem}
.strong,.visible{--tone:var(--alarm);--tone-bg:var(--alarm-bg)}
.hint{--tone:var(--warn);--tone-bg:var(--warn-bg)}
.none{--tone:var(--calm);--tone-bg:var(--calm-bg)}
.verdict .kicker{color:var(--tone);font-weight:650;font-size:.9rem;margin:0 0 .3rem;display:flex;gap:.45rem;align-items:center}
.headline{font-size:clamp(1.5rem,1.1rem + 1.8vw,2.15rem);line-height:1.2;margin:0 0 .7rem;text-wrap:balance}
.verdict p{max-width:78ch}.verdict .first{font-size:1.1rem}
.tiles{display:grid;grid-template-columns:repeat(4,1fr);margin:1.1rem 0 0;border:1px solid var(--line);border-radius:6px;background:var(--line);gap:1px;overflow:hidden}
.tile{background:var(--card);padding:.95rem 1.15rem 1rem}
.tile dt{color:var(--muted);font-size:.86rem}
.tile dd{margin:0}
.tile .big{font-size:1.6rem;font-weight:600;line-height:1.3;white-space:nowrap;letter-spacing:-.01em}
.tile small{font-size:.86rem;font-weight:400;color:var(--soft);letter-spacing:0}
.tile .sub{font-size:.86rem;color:var(--soft)}
.scroll{overflow-x:auto;margin:1rem 0 .8rem}
table{border-collapse:collapse;width:100%;font-size:.95rem}
caption{text-align:left;color:var(--muted);font-size:.88rem;padding:0 0 .5rem}
th{font-weight:600;text-align:left;vertical-align:bottom}
thead th{border-bottom:1.5px solid var(--ink);padding:.3rem .7rem .45rem;font-size:.86rem}
tbody th,td{padding:.55rem .7rem;border-bottom:1px solid var(--line);vertical-align:top}
th:first-child,td:first-child{padding-left:0}
th:last-child,td:last-child{padding-right:0}
.num{text-align:right;white-space:nowrap}
.num .v{display:block}
.num .i{display:block;font-size:.82rem;color:var(--muted)}
.above .v{font-weight:700;color:var(--alarm)}
.above .v::before{content:"▲\\00a0";font-size:.72em;vertical-align:.1em}
td.open{color:var(--muted);font-size:.82rem;font-style:italic;white-space:normal}
.open>span{display:inline-block;max-width:9rem}
.nb{white-space:nowrap}
tbody tr.chance td,tbody tr.chance th{color:var(--muted);font-weight:400;font-style:italic}
.access{font-size:.82rem;color:var(--muted);font-weight:400;display:block}
.swatch{flex:none;vertical-align:middle;margin-right:.45rem}
figure{margin:1rem 0 0}
figcaption{color:var(--soft);font-size:.92rem;max-width:68ch}
.roc{display:grid;grid-template-columns:minmax(0,560px) minmax(220px,1fr);gap:1.2rem 2.2rem;align-items:start}
.plot{display:block;max-width:100%;height:auto;color:var(--soft)}
.legend{list-style:none;margin:0 0 1.1rem;padding:0;font-size:.95rem}
.legend li{display:flex;align-items:baseline;gap:.2rem;padding:.32rem 0;border-bottom:1px solid var(--line)}
.legend .auc{margin-left:auto;padding-left:.8rem;color:var(--soft);white-space:nowrap}
.multiples{display:grid;grid-template-columns:repeat(auto-fill,minmax(285px,1fr));gap:1.5rem 2rem;margin-top:1.2rem}
.multiples figure{margin:0}
.multiples h3{font-size:.95rem;margin-bottom:.2rem}
.key{display:flex;gap:.3rem 1.6rem;flex-wrap:wrap;font-size:.92rem;color:var(--soft);margin:.6rem 0 0}
.key span{display:inline-flex;align-items:center;gap:.5rem}
.key i{width:20px;height:12px;display:inline-block}
.key .m{background:var(--member)}
.key .n{border:2px solid var(--nonmember);border-bottom:0}
.defs{display:grid;grid-template-columns:minmax(9rem,13rem) 1fr;margin:1rem 0 0}
.defs dt,.defs dd{padding:.6rem 1.4rem .6rem 0;border-top:1px solid var(--line);margin:0}
.defs dt{font-weight:600}
.defs dd{color:var(--soft);overflow-wrap:anywhere}
.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.86em;overflow-wrap:anywhere}
.advice{margin:1rem 0 0;padding:0;list-style:none;counter-reset:a}
.advice li{counter-increment:a;display:grid;grid-template-columns:2.1rem 1fr;padding:.75rem 0;border-top:1px solid var(--line)}
.advice li::before{content:counter(a);font-weight:650;color:var(--muted)}
.advice p{margin:.15rem 0 0;color:var(--soft)}
.warnings{margin:1rem 0 0;padding:0;list-style:none}
.warnings li{padding:.5rem 0 .5rem 1rem;border-left:3px solid var(--warn);margin-bottom:.5rem;background:var(--warn-bg)}
.threat td{color:var(--soft)}
.threat .cite{font-size:.86rem;color:var(--muted);font-weight:400;display:block;max-width:44ch}
details{margin:.6rem 0 0}
summary{cursor:pointer;font-weight:600;padding:.3rem 0}
details .scroll{margin-top:.3rem}
.faces{display:grid;grid-template-columns:repeat(auto-fill,minmax(285px,1fr));gap:1.6rem 2rem;margin-top:1.2rem}
.faces figure{margin:0}
.faces .three{display:grid;grid-template-columns:repeat(3,1fr);gap:.5rem}
.faces .three span{display:block;font-size:.82rem;color:var(--muted)}
.faces img{display:block;width:100%;image-rendering:pixelated;border:1px solid var(--line);border-radius:3px;margin-bottom:.2rem}
.faces .wrong{color:var(--alarm);font-weight:650}
.worst .v{font-weight:700}
.flagged{color:var(--alarm);font-weight:650}
.facts{margin:1.1rem 0 0;max-width:78ch}
.threat th:first-child{width:34%}
.advice p,section>p.lead{max-width:74ch}
footer{color:var(--muted);font-size:.88rem;padding-top:2.4rem;padding-bottom:2.6rem}
@media screen and (max-width:900px){.roc{grid-template-columns:minmax(0,1fr)}.tiles{grid-template-columns:1fr 1fr}header .what{border:0;padding:0;flex-basis:100%}}
@media screen and (max-width:800px){
main,header,footer{padding-left:18px;padding-right:18px}
section{padding-top:2rem}
.verdict{padding:1.15rem 1.15rem .7rem}
.roc .plot{font-size:16px!important}
.tile{padding:.75rem .85rem}
.tile .big{font-size:1.2rem}
.stack thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.stack,.stack tbody,.stack tr,.stack td,.stack tbody th{display:block;width:100%}
.stack tr{border-bottom:1px solid var(--line);padding:.8rem 0}
.stack td,.stack tbody th{border:0;padding:.16rem 0;text-align:left}
.stack td{display:grid;grid-template-columns:9.2rem 1fr;gap:.6rem;align-items:baseline}
.stack td::before{content:attr(data-label);color:var(--muted);font-size:.86rem;font-style:normal}
.stack td.num{grid-template-columns:9.2rem 4.6rem 1fr}
.stack caption{display:block}
.stack .open>span{max-width:none;grid-column:2/-1}
.threat th:first-child{width:auto}
.defs{grid-template-columns:1fr}
.defs dd{border:0;padding-top:0}
.defs dt{padding-bottom:.1rem}
}
@media print{
:root{color-scheme:light;--bg:#fff;--card:#fff;--ink:#000;--soft:#222;--muted:#555;--line:#ccc;--grid:#e5e5e5;--shade:#f1f1ee;
--alarm:#9c3505;--alarm-bg:#fff;--warn:#7a5600;--warn-bg:#fff;--calm:#0b5f92;--calm-bg:#fff;
--s1:#0072b2;--s2:#d55e00;--s3:#00825f;--s4:#a8497f;--s5:#a87400;--s6:#3f8fc4;--s7:#5b5b5b;--s8:#7a3db8;--member:#8cc0e0;--nonmember:#b84a00}
@page{margin:16mm}
body{font-size:10pt}
header .what{border:0;padding:0;flex-basis:100%}h1{font-size:1.05rem}.legend,figcaption{font-size:8.5pt}.headline{font-size:19pt}.tile .big{font-size:14pt}.tile{padding:.6rem .8rem}section{padding-top:1.6rem}
.scroll{overflow:visible}table{font-size:8.5pt}tbody th,td{padding:.35rem .4rem}thead th{padding:.2rem .4rem .3rem;font-size:8pt}
.num .i,.access,td.open,.threat .cite{font-size:7.5pt}.open>span{max-width:6.2rem}.open .nb{white-space:normal}
main,header,footer{max-width:none;padding-left:0;padding-right:0}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
figure,.verdict,.tiles,tr,.advice li,.defs dt,.defs dd,.warnings li{break-inside:avoid}
h2,h3,caption{break-after:avoid}
.multiples{grid-template-columns:repeat(2,1fr)}
.roc{grid-template-columns:minmax(0,105mm) 1fr;gap:1rem 1.2rem}
}
`;
