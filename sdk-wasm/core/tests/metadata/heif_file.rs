//! Writes HEIF files: boxes, items, properties (ISO/IEC 23008-12).

/// Where an item's bytes are put.
#[derive(Clone, Copy, PartialEq)]
pub enum Placement {
    MediaData,
    /// In the media data, in two pieces with something between them.
    TwoPieces,
    ItemData,
}

pub struct Item {
    pub id: u16,
    pub kind: &'static [u8; 4],
    pub data: Vec<u8>,
    pub placement: Placement,
}

impl Item {
    /// An EXIF item as the standard has it: the distance to the block, then the block.
    pub fn exif(id: u16, block: &[u8]) -> Self {
        let data = [&[0, 0, 0, 0][..], block].concat();
        Self { id, kind: b"Exif", data, placement: Placement::MediaData }
    }
}

pub struct HeifFile {
    pub brand: &'static [u8; 4],
    /// Item 1 is the primary one; its data is put in by `bytes`.
    pub items: Vec<Item>,
    /// Content-describes references: from, to.
    pub describes: Vec<(u16, u16)>,
    pub properties: Vec<Vec<u8>>,
    /// Of the primary item, counting from 1.
    pub associated: Vec<u8>,
    /// How long the media data is before the items.
    pub pixels_bytes: usize,
    /// Whether the `meta` box comes behind the media data.
    pub is_meta_last: bool,
}

impl Default for HeifFile {
    fn default() -> Self {
        Self {
            brand: b"heic",
            items: Vec::new(),
            describes: Vec::new(),
            properties: vec![ispe(4000, 3000)],
            associated: vec![1],
            pixels_bytes: 100,
            is_meta_last: false,
        }
    }
}

pub fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
}

pub fn full(kind: &[u8; 4], version: u8, body: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[version, 0, 0, 0], body].concat())
}

pub fn ispe(width: u32, height: u32) -> Vec<u8> {
    full(b"ispe", 0, &[width.to_be_bytes(), height.to_be_bytes()].concat())
}

impl HeifFile {
    pub fn bytes(&self) -> Vec<u8> {
        let ftyp = boxed(b"ftyp", &[*self.brand, [0; 4], *b"mif1", *self.brand].concat());
        // Offsets have a fixed width: a first draft tells how long the box is.
        let meta_bytes = self.meta(0).len();
        let media_data_at = ftyp.len() + if self.is_meta_last { 0 } else { meta_bytes } + 8;
        let meta = self.meta(media_data_at + self.pixels_bytes);
        let mut media = vec![0xAA; self.pixels_bytes];
        for item in self.items.iter().filter(|item| item.placement != Placement::ItemData) {
            let (first, second) = item.data.split_at(self.first_piece(item));
            media.extend(first);
            if item.placement == Placement::TwoPieces {
                media.extend(b"between");
            }
            media.extend(second);
        }
        let media = boxed(b"mdat", &media);
        match self.is_meta_last {
            true => [ftyp, media, meta].concat(),
            false => [ftyp, meta, media].concat(),
        }
    }

    fn first_piece(&self, item: &Item) -> usize {
        if item.placement == Placement::TwoPieces { item.data.len() / 2 } else { item.data.len() }
    }

    fn meta(&self, media_at: usize) -> Vec<u8> {
        let infe = |id: u16, kind: &[u8; 4]| {
            full(b"infe", 2, &[&id.to_be_bytes()[..], &[0, 0], kind, &[0]].concat())
        };
        let mut infos = (self.items.len() as u16 + 1).to_be_bytes().to_vec();
        infos.extend(infe(1, b"hvc1"));
        self.items.iter().for_each(|item| infos.extend(infe(item.id, item.kind)));

        let mut references = Vec::new();
        for (from, to) in &self.describes {
            let ids = [from.to_be_bytes(), 1_u16.to_be_bytes(), to.to_be_bytes()].concat();
            references.extend(boxed(b"cdsc", &ids));
        }
        let mut associations = 1_u32.to_be_bytes().to_vec();
        associations.extend([0, 1, self.associated.len() as u8]);
        associations.extend(&self.associated);
        let properties =
            [boxed(b"ipco", &self.properties.concat()), full(b"ipma", 0, &associations)].concat();
        let (locations, item_data) = self.locations(media_at);
        let children = [
            full(b"hdlr", 0, b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0"),
            full(b"pitm", 0, &1_u16.to_be_bytes()),
            full(b"iinf", 0, &infos),
            full(b"iref", 0, &references),
            boxed(b"iprp", &properties),
            boxed(b"idat", &item_data),
            full(b"iloc", 1, &locations),
        ];
        full(b"meta", 0, &children.concat())
    }

    /// The body of `iloc` and of `idat`.
    fn locations(&self, mut media_at: usize) -> (Vec<u8>, Vec<u8>) {
        let mut item_data = Vec::new();
        // Offsets and lengths of 4 bytes, no base offset, no index.
        let mut body = vec![0x44, 0x00];
        body.extend((self.items.len() as u16 + 1).to_be_bytes());
        let mut locate = |id: u16, method: u16, extents: &[(usize, usize)]| {
            for number in [id, method, 0, extents.len() as u16] {
                body.extend(number.to_be_bytes());
            }
            for (offset, length) in extents {
                body.extend((*offset as u32).to_be_bytes());
                body.extend((*length as u32).to_be_bytes());
            }
        };
        locate(1, 0, &[(media_at.saturating_sub(self.pixels_bytes), self.pixels_bytes)]);
        for item in &self.items {
            let (length, first) = (item.data.len(), self.first_piece(item));
            match item.placement {
                Placement::ItemData => {
                    locate(item.id, 1, &[(item_data.len(), length)]);
                    item_data.extend(&item.data);
                }
                Placement::MediaData => {
                    locate(item.id, 0, &[(media_at, length)]);
                    media_at += length;
                }
                Placement::TwoPieces => {
                    let second_at = media_at + first + b"between".len();
                    locate(item.id, 0, &[(media_at, first), (second_at, length - first)]);
                    media_at = second_at + length - first;
                }
            }
        }
        (body, item_data)
    }
}
