//! Judges the page that Chromium shows: axe-core, size of targets, reflow, structure.
//!
//! Owns the rules that hold for every page (WCAG 2.2 AA). Does not own which pages there are (`looks`).

use serde_json::{Value, json};

use super::Browser;

/// Everything that is wrong with the page as it stands, in words; empty for a good page.
pub async fn findings(browser: &Browser) -> Vec<String> {
    let mut findings = axe(browser).await;
    findings.extend(strings(&browser.script(STRUCTURE, vec![]).await));
    findings.extend(strings(&browser.script(TARGETS, vec![]).await));
    findings.extend(strings(&browser.script(REFLOW, vec![]).await));
    findings
}

async fn axe(browser: &Browser) -> Vec<String> {
    let file = crate::external::node_modules().join("axe-core/axe.min.js");
    let source = std::fs::read_to_string(&file).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
    browser.script(&source, vec![]).await;
    let answer = browser.driver().execute_async(RUN_AXE, vec![json!(RULES)]).await.expect("axe-core to run");
    strings(answer.json())
}

fn strings(list: &Value) -> Vec<String> {
    let list = list.as_array().unwrap_or_else(|| panic!("not a list: {list}"));
    list.iter().map(|text| text.as_str().expect("text").to_owned()).collect()
}

const RULES: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const RUN_AXE: &str = r"
    const [rules, done] = arguments;
    axe.run(document, { runOnly: rules }).then(
        (result) => done(result.violations.flatMap((violation) => violation.nodes.map(
            (node) => `axe ${violation.id}: ${violation.help}: ${node.html} (${node.failureSummary})`))),
        (fault) => done([`axe failed: ${fault}`]));
";

const STRUCTURE: &str = r#"
    const findings = [];
    const count = (selector) => document.querySelectorAll(selector).length;
    if (count("h1") !== 1) findings.push(`${count("h1")} h1`);
    if (count("main") !== 1) findings.push(`${count("main")} main`);
    if (!document.title.trim()) findings.push("no title");
    if (!document.documentElement.lang) findings.push("no language");
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) {
        findings.push(`the id ${id} is there twice`);
    }
    for (const element of document.querySelectorAll("[tabindex]")) {
        if (element.tabIndex > 0) findings.push(`a positive tabindex: ${element.outerHTML}`);
    }
    return findings;
"#;

// WCAG 2.5.8 asks for 24 px and exempts links in a sentence; what a page is for has 44 px.
const TARGETS: &str = r#"
    const findings = [];
    const targets = document.querySelectorAll(
        "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button]");
    for (const target of targets) {
        const box = target.getBoundingClientRect();
        if (!target.checkVisibility() || box.width <= 1 || box.height <= 1) continue;
        const inSentence = target.matches("a") && getComputedStyle(target).display === "inline"
            && target.parentElement.textContent.trim().length > target.textContent.trim().length;
        if (inSentence) continue;
        const primary = target.matches("button:not([type=button]), input:not([type=checkbox]):not([type=radio])");
        const least = primary ? 44 : 24;
        if (box.height < least || box.width < 24) {
            findings.push(`${Math.round(box.width)} x ${Math.round(box.height)} px, less than ${least}: ${target.outerHTML}`);
        }
    }
    return findings;
"#;

const REFLOW: &str = r#"
    const page = document.documentElement;
    if (page.scrollWidth <= page.clientWidth) return [];
    const wide = [...document.body.querySelectorAll("*")].filter(
        (element) => element.getBoundingClientRect().right > page.clientWidth + 1);
    return [`scrolls sideways: ${page.scrollWidth} px in ${page.clientWidth}; too wide: `
        + wide.map((element) => element.outerHTML.slice(0, 120)).join(" | ")];
"#;
