//! `curves.svg`: score and success against control steps, one colour per run or recipe, the mean over seeds in a band from the lowest to the
//! highest.

use super::metrics::Line;
use crate::durable;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::io;
use std::path::Path;

/// Pixels.
const SIZE: (u32, u32) = (800, 450);

/// Points per seed and curve. More than a panel has pixels would only swell the file; a longer log is averaged in as many equal pieces.
const POINTS: usize = 240;

/// Okabe and Ito's palette (2008), which those who confuse red and green tell apart; without its yellow, too pale for a line on white.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(64, 64, 64),
];

const INK: RGBColor = RGBColor(34, 34, 34);
const QUIET: RGBColor = RGBColor(110, 110, 110);
const GRID: RGBColor = RGBColor(232, 232, 232);

/// The SVG back end divides sizes by 1.24 as it writes them: multiplied, they are pixels.
const PIXEL: f64 = 1.24;

/// One evaluation, or one update, of one seed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Control steps, or updates.
    pub place: f64,
    /// In [0, 1]; NaN where it is not known.
    pub score: f64,
    /// In [0, 1]; NaN where it is not known.
    pub success: f64,
}

/// The points of one seed in the lines of its `metrics.jsonl`: the values `{prefix}score` and `{prefix}success`, where a line has either.
pub fn points(lines: &[Line], prefix: &str) -> Vec<Point> {
    let point = |line: &Line| {
        let value = |name: &str| line.values.get(&format!("{prefix}{name}")).copied();
        let (score, success) = (value("score"), value("success"));
        (score.is_some() || success.is_some()).then(|| Point {
            place: line.place() as f64,
            score: score.unwrap_or(f64::NAN),
            success: success.unwrap_or(f64::NAN),
        })
    };
    lines.iter().filter_map(point).collect()
}

/// The runs of one recipe.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// As the legend says it.
    pub name: String,
    /// The points of each seed, by place.
    pub seeds: Vec<Vec<Point>>,
}

/// A score to measure the curves against, drawn as a dashed line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reference {
    /// Such as `expert`.
    pub name: String,
    /// In [0, 1].
    pub score: f64,
    /// In [0, 1].
    pub success: f64,
}

/// What the horizontal axis counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Axis {
    /// Control steps, summed over arenas.
    #[default]
    Steps,
    /// Updates, where learning takes no steps.
    Updates,
}

/// `curves.svg` before it is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figure {
    /// What is above.
    pub title: String,
    /// What the horizontal axis counts.
    pub axis: Axis,
    /// One colour each.
    pub curves: Vec<Curve>,
    /// Drawn in grey.
    pub references: Vec<Reference>,
}

impl Figure {
    /// Draws into a file, whole or not at all.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        durable::write(path, self.svg()?)
    }

    /// Draws.
    ///
    /// # Errors
    /// Where the drawing library refuses.
    pub fn svg(&self) -> io::Result<String> {
        let mut text = String::new();
        let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        self.draw(&area).and_then(|()| area.present().map_err(Into::into)).map_err(|error| io::Error::other(error.to_string()))?;
        drop(area);
        Ok(text)
    }

    fn draw(&self, area: &Area<'_>) -> Drawn {
        area.fill(&WHITE)?;
        let font = (FONT, 17.0 * PIXEL).into_font().style(FontStyle::Bold);
        let heading = TextStyle::from(font).color(&INK);
        area.draw_text(&self.title, &heading, (16, 14))?;
        let header = self.draw_legend(area, 42)?;
        let (header, panels) = area.split_vertically(header);
        drop(header);
        let (panels, caption) = panels.split_vertically(panels.dim_in_pixel().1 - 28);
        let (left, right) = panels.split_horizontally(SIZE.0 / 2);
        self.draw_panel(&left, "score", 1.0, |point| point.score, |reference| reference.score)?;
        self.draw_panel(&right, "success (% of episodes)", 100.0, |point| point.success, |reference| reference.success)?;
        caption.draw_text(&self.caption(), &text(11.5, &QUIET, HPos::Left), (16, 9))?;
        Ok(())
    }

    fn caption(&self) -> String {
        let counts: Vec<usize> = self.curves.iter().map(|curve| curve.seeds.len()).collect();
        match (counts.iter().min(), counts.iter().max()) {
            (Some(1), Some(1)) => "One seed each.".into(),
            (Some(fewest), Some(most)) if fewest == most => format!("Line: mean over {most} seeds. Band: from the lowest to the highest."),
            (Some(fewest), Some(most)) => format!("Line: mean over {fewest} to {most} seeds. Band: from the lowest to the highest."),
            _ => String::new(),
        }
    }

    /// Returns where the panels may begin, in pixels.
    fn draw_legend(&self, area: &Area<'_>, top: i32) -> Drawn<i32> {
        let (mut x, mut y) = (16, top);
        for (index, curve) in self.curves.iter().enumerate() {
            // The width of a letter is not known here; this is that of a broad one.
            let width = 34 + 7 * curve.name.chars().count() as i32 + 22;
            if x > 16 && x + width > SIZE.0 as i32 {
                (x, y) = (16, y + 20);
            }
            let line = [(x, y + 7), (x + 26, y + 7)];
            self.stroke(area, index, line.to_vec())?;
            area.draw_text(&curve.name, &text(13.0, &INK, HPos::Left), (x + 34, y))?;
            x += width;
        }
        Ok(y + if self.curves.is_empty() { 0 } else { 24 })
    }

    fn stroke(&self, area: &Area<'_>, index: usize, line: Vec<(i32, i32)>) -> Drawn {
        let style = colour(index).stroke_width(3);
        if is_dashed(index) {
            let (start, end) = (line[0], line[1]);
            let dashes = [(start.0, start.0 + 10), (end.0 - 10, end.0)];
            for (from, to) in dashes {
                area.draw(&PathElement::new([(from, start.1), (to, start.1)], style))?;
            }
            return Ok(());
        }
        area.draw(&PathElement::new(line, style))?;
        Ok(())
    }

    fn draw_panel(&self, area: &Area<'_>, name: &str, scale: f64, of: fn(&Point) -> f64, line: fn(&Reference) -> f64) -> Drawn {
        let (unit, unit_name) = self.unit();
        let reach = self.reach().max(1.0) / unit;
        let mut chart = ChartBuilder::on(area)
            .margin_top(10)
            .margin_left(12)
            .margin_right(22)
            .x_label_area_size(46)
            .y_label_area_size(52)
            .build_cartesian_2d(0.0..reach, 0.0..scale * 1.02)?;
        let digits = if reach > 4.0 {
            0
        } else if reach > 0.4 {
            1
        } else {
            2
        };
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(QUIET)
            .x_labels(5)
            .y_labels(6)
            .x_label_formatter(&|place| format!("{place:.digits$}"))
            .y_label_formatter(&|value| if scale > 1.0 { format!("{value:.0}") } else { format!("{value:.1}") })
            .x_desc(unit_name)
            .y_desc(name)
            .label_style(text(12.0, &INK, HPos::Center))
            .axis_desc_style(text(13.0, &INK, HPos::Center))
            .draw()?;
        for reference in &self.references {
            let height = line(reference) * scale;
            if height.is_finite() {
                let ends = [(0.0, height), (reach, height)];
                chart.draw_series(DashedLineSeries::new(ends, 5, 4, QUIET.stroke_width(1)))?;
                // Where curves seldom are: left above a high line, right above a low one; below it, where above is outside of the panel.
                let (end, side, inwards) = if height > 0.5 * scale { (0.0, HPos::Left, 6) } else { (reach, HPos::Right, -4) };
                let (origin, place) = (area.get_base_pixel(), chart.backend_coord(&(end, height)));
                let above = if height > 0.95 * scale { 4 } else { -15 };
                let at = (place.0 - origin.0 + inwards, place.1 - origin.1 + above);
                area.draw_text(&reference.name, &text(11.5, &QUIET, side), at)?;
            }
        }
        let bands: Vec<_> = self.curves.iter().map(|curve| band(curve, of)).collect();
        for (index, band) in bands.iter().enumerate() {
            if self.curves[index].seeds.len() > 1 {
                let upper = band.iter().map(|row| (row.place / unit, row.high * scale));
                let lower = band.iter().rev().map(|row| (row.place / unit, row.low * scale));
                let outline: Vec<_> = upper.chain(lower).collect();
                chart.draw_series([Polygon::new(outline, colour(index).mix(0.18).filled())])?;
            }
        }
        // Every line above every band.
        for (index, band) in bands.iter().enumerate() {
            let line: Vec<_> = band.iter().map(|row| (row.place / unit, row.mean * scale)).collect();
            let style = colour(index).stroke_width(2);
            if let [only] = line[..] {
                chart.draw_series([Circle::new(only, 4, colour(index).filled())])?;
            } else if is_dashed(index) {
                chart.draw_series(DashedLineSeries::new(line, 7, 4, style))?;
            } else {
                chart.draw_series(LineSeries::new(line, style))?;
            }
        }
        Ok(())
    }

    /// The last place of any curve.
    fn reach(&self) -> f64 {
        let places = self.curves.iter().flat_map(|curve| curve.seeds.iter().flatten()).map(|point| point.place);
        places.filter(|place| place.is_finite()).fold(0.0, f64::max)
    }

    fn unit(&self) -> (f64, String) {
        let (unit, name) = match self.reach() {
            2e6.. => (1e6, " (millions)"),
            2e3.. => (1e3, " (thousands)"),
            _ => (1.0, ""),
        };
        let counted = match self.axis {
            Axis::Steps => "control steps",
            Axis::Updates => "updates",
        };
        (unit, format!("{counted}{name}"))
    }
}

const FONT: &str = "Helvetica, Arial, 'DejaVu Sans', sans-serif";

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn colour(index: usize) -> RGBColor {
    COLOURS[index % COLOURS.len()]
}

/// Where the colours begin anew, lines are dashed.
fn is_dashed(index: usize) -> bool {
    index / COLOURS.len() % 2 == 1
}

fn text(pixels: f64, colour: &'static RGBColor, side: HPos) -> TextStyle<'static> {
    TextStyle::from((FONT, pixels * PIXEL).into_font()).color(colour).pos(Pos::new(side, VPos::Top))
}

/// Mean, lowest and highest of the seeds at one place.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    place: f64,
    mean: f64,
    low: f64,
    high: f64,
}

/// The seeds side by side, at every place that any of them has and all of them cover; between two points of a seed by straight line.
fn band(curve: &Curve, of: fn(&Point) -> f64) -> Vec<Row> {
    let seeds: Vec<Vec<(f64, f64)>> = curve.seeds.iter().map(|points| thinned(points, of)).filter(|seed| !seed.is_empty()).collect();
    let first = seeds.iter().map(|seed| seed[0].0).fold(f64::NEG_INFINITY, f64::max);
    let last = seeds.iter().map(|seed| seed[seed.len() - 1].0).fold(f64::INFINITY, f64::min);
    let mut places: Vec<f64> = seeds.iter().flatten().map(|point| point.0).filter(|place| (first..=last).contains(place)).collect();
    places.sort_unstable_by(f64::total_cmp);
    places.dedup();
    let row = |place: f64| {
        let values = || seeds.iter().map(move |seed| between(seed, place));
        Row {
            place,
            mean: values().sum::<f64>() / seeds.len() as f64,
            low: values().fold(f64::INFINITY, f64::min),
            high: values().fold(f64::NEG_INFINITY, f64::max),
        }
    };
    places.into_iter().map(row).collect()
}

/// What is finite, by place; of a long log the means of [`POINTS`] equal stretches of it.
fn thinned(points: &[Point], of: fn(&Point) -> f64) -> Vec<(f64, f64)> {
    let mut finite: Vec<_> = points.iter().map(|point| (point.place, of(point))).filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    finite.sort_by(|first, second| first.0.total_cmp(&second.0));
    if finite.len() <= POINTS {
        return finite;
    }
    let mean = |piece: &[(f64, f64)]| {
        let count = piece.len() as f64;
        (piece.iter().map(|point| point.0).sum::<f64>() / count, piece.iter().map(|point| point.1).sum::<f64>() / count)
    };
    finite.chunks(finite.len().div_ceil(POINTS)).map(mean).collect()
}

/// The value at `place`, which lies within the first and the last point.
fn between(seed: &[(f64, f64)], place: f64) -> f64 {
    let after = seed.partition_point(|point| point.0 < place).min(seed.len() - 1);
    let (x, y) = seed[after];
    if after == 0 || x <= place {
        return y;
    }
    let (x0, y0) = seed[after - 1];
    y0 + (place - x0) / (x - x0) * (y - y0)
}
