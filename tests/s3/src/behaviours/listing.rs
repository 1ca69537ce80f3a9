//! Listing objects.

use anyhow::{Result, ensure};

use crate::sample::noise;
use crate::target::S3Target;
use crate::upload::store;

/// All keys of a prefix, in the order of their bytes, page by page, each once.
pub async fn a_prefix_is_listed_in_pages(target: &S3Target) -> Result<()> {
    let client = target.client();
    let keys: Vec<String> = (0..7).map(|number| format!("pages/{number}.jpg")).collect();
    for key in &keys {
        store(&client, target, key, &noise(90, 10)).await?;
    }
    store(&client, target, "pages-of-another", &noise(91, 10)).await?;
    let (mut found, mut token, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = client.list_objects_v2().bucket(&target.bucket).prefix("pages/").max_keys(3);
        let page = page.set_continuation_token(token).send().await?;
        for object in page.contents() {
            ensure!(object.size() == Some(10) && object.e_tag().is_some(), "{object:?}");
            found.extend(object.key().map(str::to_owned));
        }
        pages += 1;
        if page.is_truncated() != Some(true) {
            break;
        }
        token = page.next_continuation_token;
        ensure!(pages < 10, "the listing does not end");
    }
    ensure!(found == keys, "{found:?}");
    ensure!(pages == 3, "{pages} pages");

    let rest = client
        .list_objects_v2()
        .bucket(&target.bucket)
        .prefix("pages/")
        .start_after("pages/4.jpg")
        .send()
        .await?;
    let rest: Vec<_> = rest.contents().iter().filter_map(|object| object.key()).collect();
    ensure!(rest == ["pages/5.jpg", "pages/6.jpg"], "{rest:?}");
    Ok(())
}

/// Folders, also across pages.
pub async fn a_delimiter_groups_keys(target: &S3Target) -> Result<()> {
    let client = target.client();
    for key in ["group/a/1", "group/a/2", "group/b", "group/c/1", "group/c/2/3", "group/d"] {
        store(&client, target, key, &noise(92, 10)).await?;
    }
    let list = || client.list_objects_v2().bucket(&target.bucket).prefix("group/").delimiter("/");
    let listed = list().send().await?;
    let folders: Vec<_> = listed.common_prefixes().iter().filter_map(|one| one.prefix()).collect();
    let objects: Vec<_> = listed.contents().iter().filter_map(|one| one.key()).collect();
    ensure!(
        folders == ["group/a/", "group/c/"] && objects == ["group/b", "group/d"],
        "{folders:?} {objects:?}"
    );

    let (mut entries, mut token) = (Vec::new(), None);
    for _ in 0..10 {
        let page = list().max_keys(1).set_continuation_token(token.clone()).send().await?;
        entries.extend(page.common_prefixes().iter().filter_map(|one| one.prefix()).map(str::to_owned));
        entries.extend(page.contents().iter().filter_map(|one| one.key()).map(str::to_owned));
        token = page.next_continuation_token;
        if token.is_none() {
            break;
        }
    }
    ensure!(entries == ["group/a/", "group/b", "group/c/", "group/d"], "{entries:?}");
    Ok(())
}
