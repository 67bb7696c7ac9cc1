//! `sbom`: what the npm package and the crate are made of, in CycloneDX 1.6: dist/oauth-refresher.npm.cdx.json and
//! dist/oauth-refresher.crate.cdx.json. Neither has a time or a random number in it, so equal inputs make equal files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};
use serde_json::{json, Value};

use crate::project::{self, shown, WASM_TARGET};
use crate::run;

pub fn sbom() -> Result<()> {
    for (name, features) in [("npm", "npm"), ("crate", "web")] {
        let metadata = metadata(features)?;
        let path = project::root().join(format!("dist/oauth-refresher.{name}.cdx.json"));
        fs::create_dir_all(project::root().join("dist")).context("cannot create dist/")?;
        let text = format!("{:#}\n", document(&metadata, name == "npm")?);
        fs::write(&path, text).with_context(|| format!("cannot write {}", shown(&path)))?;
        println!("wrote {}", shown(&path));
    }
    Ok(())
}

fn metadata(features: &str) -> Result<Value> {
    let mut command = run::cargo();
    command.args(["metadata", "--format-version", "1", "--locked", "--filter-platform", WASM_TARGET, "--features"]);
    let text = run::text_of(command.arg(features))?;
    serde_json::from_str(&text).context("cargo metadata is not JSON")
}

/// The crate, and what it needs to run: neither what builds it nor what tests it.
fn document(metadata: &Value, is_npm: bool) -> Result<Value> {
    let packages: BTreeMap<&str, &Value> = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|package| Some((package["id"].as_str()?, package)))
        .collect();
    let nodes: BTreeMap<&str, &Value> = metadata["resolve"]["nodes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|node| Some((node["id"].as_str()?, node)))
        .collect();
    let root = metadata["resolve"]["root"].as_str().context("cargo metadata names no root")?;
    let mut needed = BTreeMap::from([(root, normal_dependencies(&nodes, root))]);
    let mut open: Vec<&str> = needed[root].iter().copied().collect();
    while let Some(id) = open.pop() {
        if needed.contains_key(id) {
            continue;
        }
        let dependencies = normal_dependencies(&nodes, id);
        open.extend(&dependencies);
        needed.insert(id, dependencies);
    }
    let reference = |id: &str| if id == root { purl(packages[id], is_npm) } else { purl(packages[id], false) };
    let components: Vec<Value> =
        needed.keys().filter(|id| **id != root).map(|id| component(packages[id], &reference(id), "library")).collect();
    let dependencies: Vec<Value> = needed
        .iter()
        .map(|(id, on)| json!({ "ref": reference(id), "dependsOn": on.iter().map(|id| reference(id)).collect::<Vec<_>>() }))
        .collect();
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": component(packages[root], &reference(root), "library") },
        "components": components,
        "dependencies": dependencies,
    }))
}

fn normal_dependencies<'a>(nodes: &BTreeMap<&str, &'a Value>, id: &str) -> BTreeSet<&'a str> {
    let Some(node) = nodes.get(id) else { return BTreeSet::new() };
    node["deps"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|dependency| {
            dependency["dep_kinds"].as_array().into_iter().flatten().any(|kind| kind["kind"].is_null())
        })
        .filter_map(|dependency| dependency["pkg"].as_str())
        .collect()
}

fn component(package: &Value, reference: &str, kind: &str) -> Value {
    json!({
        "type": kind,
        "bom-ref": reference,
        "name": package["name"],
        "version": package["version"],
        "description": package["description"],
        "licenses": [{ "expression": spdx(package["license"].as_str().unwrap_or("NOASSERTION")) }],
        "purl": reference,
    })
}

fn purl(package: &Value, is_npm: bool) -> String {
    let kind = if is_npm { "npm" } else { "cargo" };
    format!("pkg:{kind}/{}@{}", package["name"].as_str().unwrap_or(""), package["version"].as_str().unwrap_or(""))
}

/// Older crates separate alternatives by a slash.
fn spdx(license: &str) -> String {
    license.replace('/', " OR ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_to_run_is_listed_and_what_only_builds_or_tests_is_not() {
        let package = |name: &str| json!({ "id": name, "name": name, "version": "1.0.0", "license": "MIT/Apache-2.0" });
        let needs = |name: &str, kind: Value| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let metadata = json!({
            "packages": [package("oauth-refresher"), package("used"), package("deep"), package("tested"), package("built")],
            "resolve": { "root": "oauth-refresher", "nodes": [
                { "id": "oauth-refresher", "deps": [needs("used", Value::Null), needs("tested", json!("dev")), needs("built", json!("build"))] },
                { "id": "used", "deps": [needs("deep", Value::Null)] },
                { "id": "deep", "deps": [] },
            ] },
        });
        let written = document(&metadata, true).expect("the metadata is whole");
        let names: Vec<_> =
            written["components"].as_array().into_iter().flatten().map(|one| one["purl"].clone()).collect();
        assert_eq!(names, ["pkg:cargo/deep@1.0.0", "pkg:cargo/used@1.0.0"]);
        assert_eq!(written["metadata"]["component"]["purl"], "pkg:npm/oauth-refresher@1.0.0");
        assert_eq!(written["components"][0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(
            written["dependencies"][1],
            json!({ "ref": "pkg:npm/oauth-refresher@1.0.0", "dependsOn": ["pkg:cargo/used@1.0.0"] })
        );
    }
}
