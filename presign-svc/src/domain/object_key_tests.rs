//! Keys are made of what is trusted, and read back to what they were made of.

use super::*;
use time::macros::datetime;

#[test]
fn a_scope_is_the_projects_where_keys_set_it_apart() {
    let scope = |template: &str, made_by: &str| {
        let template = KeyTemplate::parse(template).unwrap();
        template.project_scope(&"acme".parse().unwrap(), &"job-7".parse().unwrap(), &folder(made_by))
    };
    let default = KeyTemplate::DEFAULT;
    assert_eq!(scope(default, default).as_deref(), Some("acme/job-7/"));
    let below = "photos/{tenant}/{project}/{photo_id}/{name}";
    assert_eq!(scope(below, below).as_deref(), Some("photos/acme/job-7/"));
    for mixed in [
        "{yyyy}/{tenant}/{project}/{photo_id}/{name}",
        "{tenant}/{photo_id}/{name}",
        "{tenant}-{project}/{photo_id}/{name}",
        "{tenant}{project}/{photo_id}/{name}",
    ] {
        assert_eq!(scope(mixed, mixed), None, "{mixed}");
    }
    assert_eq!(scope(default, below), None, "made by an older template");
}

fn folder(template: &str) -> PhotoFolder {
    let photo = "0192f0c1-2c5d-7c1e-9f00-0123456789ab".parse().unwrap();
    KeyTemplate::parse(template)
        .unwrap()
        .folder(&"acme".parse().unwrap(), &"job-7".parse().unwrap(), photo, datetime!(2026-11-21 23:30 -5))
        .unwrap()
}

#[test]
fn a_key_is_made_of_ids_and_the_utc_date() {
    let key = folder(KeyTemplate::DEFAULT)
        .variant(&VariantName::try_from("thumb_200".to_owned()).unwrap(), MediaType::JPEG);
    assert_eq!(key.as_str(), "acme/job-7/2026/11/22/0192f0c1-2c5d-7c1e-9f00-0123456789ab/thumb_200.jpg");
    let flat = folder("media/{tenant}/{photo_id}/{name}").original(MediaType::JPEG);
    assert_eq!(flat.as_str(), "media/acme/0192f0c1-2c5d-7c1e-9f00-0123456789ab/original.jpg");
}

#[test]
fn a_key_is_read_as_it_was_made_and_others_are_not() {
    for template in [
        KeyTemplate::DEFAULT,
        "media/{tenant}/{photo_id}/{name}",
        "{photo_id}-{tenant}/{project}/{name}",
        "v1/{tenant}-{project}-{photo_id}/{tenant}/{name}",
    ] {
        let made = folder(template).original(MediaType::JPEG);
        let template = KeyTemplate::parse(template).unwrap();
        let read = template.read(made.as_str()).unwrap();
        assert_eq!(read.photo.to_string(), "0192f0c1-2c5d-7c1e-9f00-0123456789ab");
        assert_eq!((read.name.as_str(), read.folder.original(MediaType::JPEG)), ("original.jpg", made));
        for other in ["", "backup.tar", "acme/job-7/2026/11/22/x/original.jpg", "media/acme/original.jpg"] {
            assert_eq!(template.read(other), None, "{other}");
        }
    }
    let template = KeyTemplate::parse(KeyTemplate::DEFAULT).unwrap();
    let key = "acme/job-7/2026/11/22/0192f0c1-2c5d-7c1e-9f00-0123456789ab/thumb_200.jpg";
    let read = template.read(key).unwrap();
    assert_eq!((read.tenant.as_str(), read.project.unwrap().as_str()), ("acme", "job-7"));
    assert_eq!(template.read(&format!("{key}/more")), None);
    assert_eq!(template.read(&format!("/{key}")), None);
}

#[test]
fn a_key_that_may_be_anothers_is_not_read() {
    let template = KeyTemplate::parse("{tenant}-{project}/{photo_id}/{name}").unwrap();
    let photo = "0192f0c1-2c5d-7c1e-9f00-0123456789ab";
    let read = template.read(&format!("acme-roofs/{photo}/original.jpg")).unwrap();
    assert_eq!((read.tenant.as_str(), read.project.unwrap().as_str()), ("acme", "roofs"));
    // Of acme's project west-roofs, or of acme-west's project roofs?
    assert_eq!(template.read(&format!("acme-west-roofs/{photo}/original.jpg")), None);
}

#[test]
fn what_is_cleared_away_is_no_photos_folder() {
    for bad in ["windlass-staging/{tenant}/{photo_id}/{name}", "windlass-doctor/{tenant}/{photo_id}/{name}"] {
        assert_eq!(KeyTemplate::parse(bad), Err(InvalidKeyTemplate::Reserved), "{bad}");
    }
    let folder = |template: &str, tenant: &str| {
        let photo = "0192f0c1-2c5d-7c1e-9f00-0123456789ab".parse().unwrap();
        KeyTemplate::parse(template).unwrap().folder(
            &tenant.parse().unwrap(),
            &"job-7".parse().unwrap(),
            photo,
            datetime!(2026-11-21 12:00 UTC),
        )
    };
    assert_eq!(folder(KeyTemplate::DEFAULT, "windlass-staging"), Err(NoFolder::Reserved));
    assert_eq!(folder("windlass-{tenant}/{photo_id}/{name}", "doctor"), Err(NoFolder::Reserved));
    assert!(folder("photos/{tenant}/{photo_id}/{name}", "windlass-staging").is_ok());
    assert!(folder(KeyTemplate::DEFAULT, "windlass-staging-west").is_ok());
}

#[test]
fn what_could_leave_the_folder_is_no_key() {
    for bad in ["", "/a", "a/", "a//b", "a/../b", "./a", "a b", "a%2fb", "a\\b", "ü", "a\u{0}b", "a\nb"] {
        assert_eq!(ObjectKey::try_from(bad.to_owned()), Err(InvalidObjectKey), "{bad:?}");
    }
    assert!(ObjectKey::try_from("a".repeat(1025)).is_err());
    assert!(PhotoFolder::try_from("a".repeat(1000)).is_err(), "no room for a name");
}

#[test]
fn a_template_that_could_mix_tenants_is_refused() {
    for bad in [
        "{tenant}/{name}",
        "{photo_id}/{name}",
        "{tenant}/{photo_id}",
        "{tenant}/{photo_id}/{name}/x",
        "{tenant}{photo_id}{name}",
        "{tenant}/{photo_id}/{filename}",
        "{tenant}/{photo_id/{name}",
        "tenant}/{tenant}/{photo_id}/{name}}",
        "/{tenant}/{photo_id}/{name}",
        "a b/{tenant}/{photo_id}/{name}",
        "{tenant}//{photo_id}/{name}",
        "{tenant}/{photo_id}//{name}",
        "{tenant}/{name}/{photo_id}/{name}",
        "{name}/{tenant}/{photo_id}/{name}",
    ] {
        assert!(KeyTemplate::parse(bad).is_err(), "{bad}");
    }
}
